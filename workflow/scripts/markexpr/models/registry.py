"""The registry: every architecture with its hyperparameters, their types, defaults and meaning.

An architecture is a module of this folder with a function `build` that takes these
hyperparameters, and one class here. No torch: the Snakefile reads this at every start. A variant
of an architecture is a block of a study's file, not an entry here.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from markexpr.settings.blocks import Block, Count, Number, Positive, Share, Whole


class Hyperparameters(Block):
    """The keys of a model's `network` (nets) or `estimator` (estimators of scikit-learn)."""

    # whose attention save_attention.py keeps: of `positions` along the window, or of `marks`
    attends_to: ClassVar[str | None] = None
    # what an estimator can be asked for: a value, a label, or the change between two cells
    predicts: ClassVar[tuple] = ("value", "label", "change")


class DeepChrome(Hyperparameters):
    """One convolution over the bins, then a perceptron (Singh et al. 2016)."""

    kernels: Count = Field(50, description="kernels of the convolution")
    kernel_width: Count = Field(10, description="bins that a kernel sees")
    pool: Count = Field(5, description="width and stride of the max-pool, in bins")
    dropout: Share = Field(0.5, description="share of the pooled values that is set to 0")
    hidden: list[Count] = Field([625, 125], description="widths of the linear layers")
    outputs: Literal[1, 2] = Field(2, description="2 for high and low, 1 for a value")


class AttentiveChrome(Hyperparameters):
    """An LSTM a mark and one over marks, each with attention (Singh et al. 2017)."""

    bin_width: Count = Field(32, description="units of each direction of the LSTMs over bins")
    mark_width: Count = Field(16, description="units of each direction of the LSTM over marks")
    initial: Positive = Field(0.1, description="all weights start from U(-initial, initial)")


class ConvChrome(Hyperparameters):
    """Four convolutions, then a perceptron: CNN1D of Hamdy et al. 2022."""

    kernels: list[Count] = Field([50, 40, 30, 20], description="kernels of each convolution")
    widths: list[Count] = Field([5, 3, 2, 2], description="bins that a kernel of each sees")
    pool: Count = Field(2, description="width of the max-pools, in bins")
    dropout: Share = Field(0.4, description="dropout")
    hidden: list[Count] = Field([128, 64], description="widths of the linear layers")


class TransferChrome(Hyperparameters):
    """Dense convolutions, then self-attention over positions (Chen, Xie and Wen 2022)."""

    attends_to: ClassVar[str] = "positions"

    block: list[Count] = Field([32, 16, 8], description="kernels of the first convolutions")
    dense: bool = Field(True, description="whether each of these sees all before it")
    order: Literal["convolution_first", "relu_first"] = Field(
        "convolution_first", description="of a layer of these: convolution, then ReLU, or turned"
    )
    kernels: Whole = Field(50, ge=0, description="kernels of the convolution behind; 0: none")
    width: Count = Field(5, description="bins that a kernel sees")
    pool: Count = Field(2, description="width of the max-pool, in bins")
    dropout: Share = Field(0.4, description="after each convolution")
    position: Literal["relative", "sinusoidal", "none"] = Field(
        "relative", description="a channel more, added to the channels, or none"
    )
    attention_layers: Whole = Field(2, ge=0, description="layers of self-attention")
    features: Count = Field(128, description="width of the linear layer behind them")
    hidden: list[Count] = Field([64, 32], description="widths of the label classifier's layers")
    domain_hidden: Whole = Field(
        0, ge=0, description="width of the domain classifier's layer; 0: no domain classifier"
    )


class DeepDiff(Hyperparameters):
    """Two levels of LSTMs with attention on the marks of two cells (Sekhon et al. 2018)."""

    attends_to: ClassVar[str] = "marks"

    raw: list[Literal["a", "b", "difference"]] = Field(
        ["a", "b", "difference"], description="what a Level I of its own sees"
    )
    auxiliary: bool = Field(True, description="whether each cell is predicted as well")
    shared: bool = Field(False, description="one Level I for both cells")
    bin_width: Count = Field(32, description="units of each direction of Level I")
    mark_width: Count = Field(16, description="units of each direction of Level II")
    initial: Positive = Field(0.1, description="all weights start from U(-initial, initial)")
    dropout: Share = Field(0.0, description="behind each level, in training")
    heads: Literal["code", "printed"] = Field(
        "code",
        description="what predicts. code: linear layers, and a perceptron for the change without "
        "raw (Appendix 1.3); printed: perceptrons everywhere (sections 3.5 and 3.6)",
    )

    @model_validator(mode="after")
    def check_together(self):
        if not (self.raw or self.auxiliary):
            raise ValueError("without raw it needs auxiliary")
        if self.shared and not self.auxiliary:
            raise ValueError("shared needs auxiliary")
        return self


class DenseNet(Hyperparameters):
    """A dense net on a 1 × bins × marks image (DenseEnsemble)."""

    blocks: list[Count] = Field([3, 3, 3, 3], description="layers of each dense block")
    growth: Count = Field(4, description="feature maps that a layer adds")
    features: Count = Field(16, description="feature maps of the first convolution")
    theta: Positive = Field(0.5, le=1, description="share of the maps that a transition keeps")
    transitions: Whole = Field(3, ge=0, description="3: the code; 4: the report's 35 layers")
    bottleneck: Count = Field(4, description="1×1 convolutions to so many times the growth")
    dropout: Share = Field(0.2, description="after each layer")


class ResNet(Hyperparameters):
    """A residual net for images, on a 1 × bins × marks image."""

    stages: list[Count] = Field([2, 2, 2, 2], description="blocks of each stage")
    features: Count = Field(16, description="feature maps of the first stage")


class AlexNet(Hyperparameters):
    """AlexNet over bins."""

    features: list[Count] = Field(
        [64, 192, 384, 256, 256], description="feature maps of the five convolutions"
    )
    hidden: Count = Field(512, description="width of the linear layers")
    dropout: Share = Field(0.5, description="before the linear layers")


class Transformer(Hyperparameters):
    """A small transformer encoder over bins."""

    width: Count = Field(32, description="width of the encoder")
    layers: Count = Field(2, description="layers of the encoder")
    heads: Count = Field(4, description="heads of attention")
    dropout: Share = Field(0.1, description="dropout")


class Convolution(Block):
    """A layer of WakaWaka's modules."""

    kernels: Count = Field(..., description="kernels")
    width: Count = Field(..., description="bins or bp that a kernel sees")
    pool: Count = Field(1, description="width of the max-pool behind; 1: none")
    dilation: Count = Field(1, description="distance of what a kernel sees")


class WakaWaka(Hyperparameters):
    """A module of marks and one of DNA, joined by linear layers (Nathoo and Asif 2020)."""

    histone: list[Convolution] = Field(
        [
            Convolution(kernels=50, width=10, pool=5),
            Convolution(kernels=50, width=5, pool=3),
        ],
        description="convolutions of marks; none: the model does not see marks",
    )
    histone_dense: list[Count] = Field([82], description="linear layers of the marks' module")
    dna: list[Convolution] = Field(
        [Convolution(kernels=132, width=6, pool=32)],
        description="convolutions of DNA; none: the model does not read DNA",
    )
    dna_dense: list[Count] = Field([82], description="linear layers of the DNA module")
    joint: list[Count] = Field([100], description="linear layers on both, before the output")
    module_dropout: Share = Field(0.5, description="behind the convolutions of each module")
    joint_input_dropout: Share = Field(0.0, description="before the joint layers")
    joint_dropout: Share = Field(0.1, description="before the output")
    slope: Number = Field(0.05, description="of LeakyReLU")
    span: Count = Field(10_000, description="bp of DNA that are read, around the TSS")
    initialisation: Literal["keras", "torch"] = Field(
        "keras",
        description="keras: weights by Glorot's uniform law, biases 0; torch: that library's",
    )


class MarkexprNet(Hyperparameters):
    """A small net of convolutions over coarse bins, tolerant of a missing mark. Ours."""

    coarse: Count = Field(5, description="bins that are averaged first")
    kernels: Count = Field(64, description="kernels of each of the two convolutions")
    width: Count = Field(5, description="coarse bins that a kernel sees")
    hidden: Count = Field(128, description="width of the perceptron")
    dropout: Share = Field(0.3, description="before the layers of the perceptron")
    mark_dropout: Share = Field(
        0.1, description="share of the marks that are left out of a sample in training"
    )


class Svr(Hyperparameters):
    """Support vector regression, one model a bin (Cheng and Gerstein 2011)."""

    predicts: ClassVar[tuple] = ("change",)

    inputs: Literal["counts", "log1p", "standardised"] = Field(
        "counts",
        description="differences between two cells of counts, or of ln(1 + count); standardised: "
        "of counts, to mean 0 and standard deviation 1 over the training genes",
    )
    layers: Literal[1, 2] = Field(1, description="1: the best bin; 2: a second SVR on all bins")
    costs: list[Positive] = Field([0.1, 1, 10, 100], min_length=1, description="C to choose from")
    gamma: Literal["auto", "scale"] = Field(
        "auto",
        description="width of the kernels. auto: 1 / inputs, scikit-learn's default until 0.22; "
        "scale: this divided by the variance of the inputs, its default since",
    )
    folds: Annotated[Whole, Field(ge=2)] = Field(3, description="of the cross-validation")
    search_genes: Count = Field(2000, description="genes that choose bin and C, at most")


class ReliefForest(Hyperparameters):
    """Feature selection by ReliefF, then a random forest (Li et al. 2015)."""

    predicts: ClassVar[tuple] = ("change",)

    n_features: list[Count] = Field(
        [50, 70, 100], min_length=1, description="numbers of features to choose from"
    )
    n_trees: list[Count] = Field(
        [10, 50, 100, 150, 200], min_length=1, description="numbers of trees to choose from"
    )
    neighbours: Count = Field(10, description="of ReliefF")
    folds: Annotated[Whole, Field(ge=2)] = Field(3, description="of the cross-validation")
    search_genes: Count = Field(1000, description="genes that rank features, at most")


class RandomForest(Hyperparameters):
    """A random forest with Breiman's settings for regression."""

    n_trees: Count = Field(100, description="trees")
    tried: Annotated[Number, Field(gt=0, le=1)] = Field(
        1 / 3, description="share of the features that is tried at each cut"
    )
    min_genes: Count = Field(5, description="genes in a leaf, at least")


Summed = Annotated[Count, Field(description="bins that are summed before the logarithm")]
Logarithm = Annotated[
    bool,
    Field(
        description="whether these are ln(1 + count), whatever the study's normalisation; false: "
        "sums of inputs as they are normalised"
    ),
]
Strength = Annotated[
    Positive, Field(description="of the penalty on squared weights, beside the sum of losses")
]


class Ridge(Hyperparameters):
    """Ridge regression on logarithms of counts in wider bins: what a net should beat."""

    predicts: ClassVar[tuple] = ("value", "change")

    summed_bins: Summed = 20
    logarithm: Logarithm = True
    strengths: list[Positive] = Field(
        [1, 10, 100, 1000, 10000], min_length=1, description="penalties to choose from"
    )


class Logistic(Hyperparameters):
    """Logistic regression on logarithms of counts in wider bins: `ridge` for labels."""

    predicts: ClassVar[tuple] = ("label",)

    summed_bins: Summed = 20
    logarithm: Logarithm = True
    strength: Strength = 100


class Totals(Hyperparameters):
    """Ridge or logistic regression on the total of each mark: the floor."""

    strength: Strength = 1


class ExtraTrees(Hyperparameters):
    """Extremely randomised trees (Geurts et al. 2006)."""

    summed_bins: Summed = 5
    logarithm: Logarithm = True
    n_trees: Count = Field(300, description="trees")
    tried: Annotated[Number, Field(gt=0, le=1)] = Field(
        1 / 3, description="share of the features that is tried at each cut"
    )
    min_genes: Count = Field(3, description="genes in a leaf, at least")


class LightGBM(Hyperparameters):
    """Gradient-boosted trees of LightGBM (Ke et al. 2017)."""

    summed_bins: Summed = 5
    logarithm: Logarithm = True
    n_trees: Count = Field(500, description="trees")
    rate: Positive = Field(0.0167, description="what each tree counts")
    leaves: Annotated[Whole, Field(ge=2)] = Field(48, description="leaves of a tree, at most")
    depth: Count = Field(8, description="cuts from the root to a leaf, at most")
    min_genes: Count = Field(20, description="genes in a leaf, at least")
    features: Annotated[Number, Field(gt=0, le=1)] = Field(
        0.65, description="share of the features that a tree sees"
    )
    genes: Annotated[Number, Field(gt=0, le=1)] = Field(
        0.81, description="share of the genes that a tree sees"
    )
    l1: Annotated[Number, Field(ge=0)] = Field(0.33, description="L1 penalty on leaves")
    l2: Annotated[Number, Field(ge=0)] = Field(0.9, description="L2 penalty on leaves")


class KernelSvm(Hyperparameters):
    """A support vector machine with a radial kernel on all bins."""

    averaged_bins: Count = Field(10, description="bins whose mean is taken before the logarithm")
    cost: Positive = Field(1, description="C")
    width: Positive = Field(
        1, description="of the kernel: γ is this divided by features and their variance"
    )
    max_genes: Count = Field(
        6000, description="genes that train, at most; time grows with their square"
    )


class MiniRocket(Hyperparameters):
    """MiniRocket (Dempster et al. 2021), then ridge or logistic regression."""

    n_features: Annotated[Whole, Field(ge=84)] = Field(
        9996, description="features, in multiples of the 84 kernels"
    )
    strength: Strength = 1000


class ShallowChrome(Hyperparameters):
    """The highest significant peak of each mark, then logistic regression (Frasca et al. 2022)."""

    p_value: Annotated[Number, Field(gt=0, lt=1)] = Field(
        0.01, description="of a bin's count by Poisson's law, for it to be a peak, at most"
    )
    strength: Strength = 1


class PatternChrome(Hyperparameters):
    """Counts of shapes that a particle swarm finds, then boosted trees (Paul et al. 2025)."""

    max_shapes: Count = Field(30, description="shapes that are looked for, at most")
    width: Annotated[Whole, Field(ge=3)] = Field(10, description="bins of a shape, at most")
    particles: Count = Field(12, description="of the swarm that looks for a shape")
    moves: Count = Field(8, description="of the swarm")
    search_genes: Annotated[Whole, Field(ge=20)] = Field(
        2000, description="training genes that look for shapes, at most"
    )
    n_trees: Count = Field(500, description="trees")
    rate: Positive = Field(0.03, description="what each tree counts")
    depth: Annotated[Whole, Field(ge=1, le=10)] = Field(
        5, description="cuts from the root to a leaf, at most"
    )
    genes: Annotated[Number, Field(gt=0, le=1)] = Field(
        0.7, description="share of the genes that a tree sees"
    )


NETS = {
    "deepchrome": DeepChrome,
    "attentivechrome": AttentiveChrome,
    "convchrome": ConvChrome,
    "transferchrome": TransferChrome,
    "deepdiff": DeepDiff,
    "densenet": DenseNet,
    "resnet": ResNet,
    "alexnet": AlexNet,
    "transformer": Transformer,
    "wakawaka": WakaWaka,
    "markexprnet": MarkexprNet,
}
ESTIMATORS = {
    "svr": Svr,
    "relief_forest": ReliefForest,
    "random_forest": RandomForest,
    "ridge": Ridge,
    "logistic": Logistic,
    "totals": Totals,
    "extra_trees": ExtraTrees,
    "lightgbm": LightGBM,
    "kernel_svm": KernelSvm,
    "minirocket": MiniRocket,
    "shallowchrome": ShallowChrome,
    "patternchrome": PatternChrome,
}
