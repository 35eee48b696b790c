"""The linear models that other estimators end in."""

from sklearn.linear_model import LogisticRegression, Ridge

STEPS = 2000  # of the solver of logistic regression, at most


def linear_model(labels, strength):
    """Ridge regression, or for labels logistic regression with the same kind of penalty.

    strength: of the penalty on the squared weights, beside the sum of the genes' losses (squared
    errors, or negative log-likelihoods).
    """
    if labels:
        return LogisticRegression(C=1 / strength, max_iter=STEPS)
    return Ridge(alpha=strength)
