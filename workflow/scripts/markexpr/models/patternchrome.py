"""PatternChrome (Paul et al. 2025, Bioinformatics 41:btaf033): how often each of some signal shapes
occurs at a gene, then boosted trees.

From the paper: a particle swarm looks for shapes of a mark that add most to what boosted trees say
of training genes, one after the other, until an AUC of 0.999; those are dropped without which other
genes are predicted as well; boosted trees predict from the counts of the others. A shape occurs
where its correlation with the signal is above its threshold, so that it is of the form of a signal
and not of how much there is.

Ours: LightGBM in the place of XGBoost; bins as the study has them (the paper's are of 50 bp); how
many shapes, of which width, and how large a swarm; how many genes look for shapes; a quarter of the
training genes in place of validation genes, which choose among models here; the trees' settings,
which the paper's own swarm finds. For values and changes, which the paper does not predict,
Pearson's correlation stands in the place of the AUC. What is known here of its method is what its
abstract and descriptions of it by others say.
"""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline

from markexpr.evaluation.metrics import auc, pearson
from markexpr.io.jobs import log
from markexpr.models.lightgbm import BoostedTrees
from markexpr.models.lightgbm import size as size  # of the trees, which both end in
from markexpr.models.signals import check_bins, stack, with_difference

NEEDS_COUNTS = True  # whatever the study's normalisation
NARROWEST = 3  # bins of a shape: two have a slope and no form
ENOUGH = 0.999  # training score with which no further shape is looked for
INERTIA = (0.8, 0.4)  # of the swarm, at its first and last move
PULL = 2.05  # towards a particle's own best place, and towards that of all
# trees that judge shapes: few and quick, as there are thousands of such fits
JUDGES = {"n_trees": 20, "rate": 0.2, "leaves": 16, "depth": 4, "min_genes": 10}
PLAIN = {"features": 1.0, "l1": 0.0, "l2": 1.0}


def decode(place, channels):
    """The shape that a place of the swarm, numbers from 0 to 1, stands for: its channel, the least
    correlation with which it occurs, and its heights, float64 [bins]."""
    channel = min(int(place[0] * channels), channels - 1)
    widest = len(place) - 3
    width = min(NARROWEST + int(place[1] * (widest - NARROWEST + 1)), widest)
    return channel, place[2], place[3 : 3 + width]


def count_matches(track, least, heights):
    """In how many places the correlation of a signal with a shape is above `least`, int64 [genes].
    track: [genes, bins]. A flat signal, or a flat shape, has no form and matches nothing."""
    centred = heights - heights.mean()
    length = np.sqrt((centred**2).sum())
    if length == 0:
        return np.zeros(len(track), dtype=np.int64)
    width, positions = len(heights), track.shape[1] - len(heights) + 1
    track = track.astype(np.float64)
    product, sums, squares = np.zeros((3, len(track), positions))
    for place, height in enumerate(centred):
        part = track[:, place : place + positions]
        product += height * part
        sums += part
        squares += part**2
    spread = squares - sums**2 / width
    varies = spread > 1e-9 * squares  # what rounding leaves of a flat one
    return (varies & (product > least * length * np.sqrt(np.maximum(spread, 0)))).sum(axis=1)


class ShapeCounts(TransformerMixin, BaseEstimator):
    """How often shapes occur, from counts [samples, cells, marks, bins] to float32 [samples,
    shapes]. Of a pair, shapes are of the marks of either cell or of their difference.

    labels: whether y is 0 and 1; max_shapes; width: bins of a shape, at most; particles, moves: of
    the swarm that looks for one shape; search_genes: at most so many training genes, drawn at
    random, look for shapes: three quarters find them, the others drop them.

    Fitted: shapes_, float64 [shapes, 3 + width]: the places of the swarm, for `decode`.
    """

    def __init__(self, labels, max_shapes, width, particles, moves, search_genes, seed, threads):
        self.labels, self.max_shapes, self.width = labels, max_shapes, width
        self.particles, self.moves, self.search_genes = particles, moves, search_genes
        self.seed, self.threads = seed, threads

    def fit(self, X, y):
        rng = np.random.default_rng(self.seed)
        chosen = rng.permutation(len(y))[: self.search_genes]
        tracks, y = self._tracks(X[chosen]), y[chosen]
        finding = slice(0, len(y) * 3 // 4)
        shapes, counts = [], np.empty((len(y), 0))
        for _ in range(self.max_shapes):
            shape, score = self._find_shape(rng, tracks[finding], y[finding], counts[finding])
            shapes.append(shape)
            counts = np.column_stack([counts, self._count(tracks, shape)])
            if score >= ENOUGH:
                break
        kept = self._drop(counts, y, finding)
        self.shapes_ = np.array(shapes)[kept]
        log.info("%d of %d shapes kept; training score %.3f", len(kept), len(shapes), score)
        return self

    def transform(self, X):
        tracks = self._tracks(X)
        return np.column_stack([self._count(tracks, shape) for shape in self.shapes_]).astype(
            np.float32
        )

    @staticmethod
    def _tracks(X):
        """Counts [samples, channels, bins]: the marks of each cell, and of the difference."""
        return with_difference(X).reshape(len(X), -1, X.shape[3])

    @staticmethod
    def _count(tracks, shape):
        channel, least, heights = decode(shape, tracks.shape[1])
        return count_matches(tracks[:, channel], least, heights)

    def _find_shape(self, rng, tracks, y, counts):
        """The shape that adds most to some others, and the training score with it. counts: of the
        others, [genes, shapes]."""
        size = 3 + self.width
        at = rng.uniform(size=(self.particles, size))
        speed = (rng.uniform(size=at.shape) - at) / 2
        own, own_score = at.copy(), np.full(self.particles, -np.inf)
        for move in range(self.moves + 1):
            scores = np.array(
                [self._score(np.column_stack([counts, self._count(tracks, p)]), y) for p in at]
            )
            better = scores > own_score
            own[better], own_score[better] = at[better], scores[better]
            best = own[own_score.argmax()]
            inertia = INERTIA[0] + (INERTIA[1] - INERTIA[0]) * move / max(self.moves, 1)
            to_own, to_best = rng.uniform(0, PULL, (2, *at.shape))
            speed = inertia * speed + to_own * (own - at) + to_best * (best - at)
            moved = at + speed
            at = np.clip(moved, 0, 1)
            speed[moved != at] = 0  # at the border
        return best, own_score.max()

    def _score(self, counts, y, other=None, true=None):
        """How well few trees on counts of shapes predict the genes that they are grown on, or some
        others: AUC or Pearson correlation, -1 where there is none."""
        trees = BoostedTrees(
            self.labels, **JUDGES, **PLAIN, genes=1.0, seed=self.seed, threads=self.threads
        ).fit(counts, y)
        predicted = trees.predict(counts if other is None else other)
        score = (auc if self.labels else pearson)(y if true is None else true, predicted)
        return -1 if np.isnan(score) else score

    def _drop(self, counts, y, finding):
        """Places of the shapes that are kept: from the last found on, those are dropped without
        which the genes that did not find them are predicted as well. At least one is kept."""
        others = slice(finding.stop, None)

        def judge(columns):
            return self._score(
                counts[finding][:, columns], y[finding], counts[others][:, columns], y[others]
            )

        kept = list(range(counts.shape[1]))
        score = judge(kept)
        for shape in reversed(kept[1:]):
            without = [column for column in kept if column != shape]
            score_without = judge(without)
            if score_without >= score:
                kept, score = without, score_without
        return kept


def features(**inputs):
    """Counts, float32 [samples, cells, marks, bins]."""
    return stack(inputs)


def build(
    n_marks,
    n_bins,
    seed,
    threads,
    labels,
    max_shapes,
    width,
    particles,
    moves,
    search_genes,
    n_trees,
    rate,
    depth,
    genes,
):
    """From the keys of a model's `estimator` (markexpr.models.registry)."""
    check_bins("patternchrome", n_bins, width)
    trees = BoostedTrees(
        labels, n_trees, rate, 2**depth, depth, 5, genes=genes, **PLAIN, seed=seed, threads=threads
    )
    shapes = ShapeCounts(labels, max_shapes, width, particles, moves, search_genes, seed, threads)
    return make_pipeline(shapes, trees)
