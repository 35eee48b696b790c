"""What a model predicts of a sample. By itself, for jobs whose environments have no pydantic."""

VALUE, LABEL, CHANGE = "value", "label", "change"
# what each is scored by
METRICS = {VALUE: ("pearson", "mse"), LABEL: ("auc",), CHANGE: ("pearson", "mse")}
