"""What a model predicts of a sample. By itself, for jobs whose environments have no pydantic."""

VALUE, LABEL, CHANGE = "value", "label", "change"
