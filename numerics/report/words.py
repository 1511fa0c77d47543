"""What the words of the report mean, and what its numbers do not say."""

from __future__ import annotations

from numerics.minima_study.facts import REPORTED
from theory import theorems

WORDS = {
    "good, bad": "A minimum is called by its accuracy on test samples, which it was not trained on. Where "
    "good ones are counted, good means at least three quarters of the test samples right.",
    "wrong labels, attack set": "An attack set is a set of further samples whose labels are wrong. A "
    "network is "
    "trained on genuine samples and attack set together, then on the genuine samples alone. It is how bad "
    "minima are found. An attacked start is where the first training has led.",
    "repeat, arm": "A repeat is one random split of the data with one random start, followed through all "
    "sizes "
    "of the attack set. An arm is one setting of the experiment: activation, loss, number of units, way "
    "down.",
    "risk R, Hessian H": "R is the mean loss over the genuine samples, with the factor 1/2 where the loss is "
    "squared. H is the matrix of its second derivatives by all parameters; |H|_F is its Frobenius norm, tr "
    "H its "
    "trace, lmax its largest eigenvalue. R always means the risk on this page; what H has beyond its "
    "Gauss-Newton part G is called the residual part. H_bb and G_bb are the blocks of the hidden biases.",
    "volume proxy": "The paper's stand-in for the volume of a basin: minus the sum of the logarithms of the "
    "largest eigenvalues of H. The larger, the flatter.",
    "soft volume": "The logarithm of the mean of exp(−1000 times the rise of the risk) under a Gaussian "
    "about a "
    "minimum: the volume of a neighbourhood with a soft edge.",
    "rank correlation": "Spearman's: 1 if two numbers rise together, −1 if one falls as the other rises, 0 "
    "if "
    "neither tells of the other.",
    "interval": "In brackets stand 95 % intervals: of differences Student's, of shares Clopper and "
    "Pearson's, "
    "of correlations over minima by the bootstrap over repeats, of other correlations Bonett and Wright's. "
    "Of a hundred intervals made in such a way, some 95 hold what they are about.",
    "T1 to T5, T8": f"Theorems of this package: {'; '.join(theorems[name].name for name in REPORTED)}; "
    f"{theorems['simple-but-curved'].name}, which refutes the converse of T2 and T3.",
    "comparison": "A theorem is made of relations, each an equation or an inequality of two sides; the "
    "tables below list them. In a comparison one relation is tried at one network, a minimum or a random "
    "start: both sides are calculated with bounds of their rounding errors, and it goes against the theorem "
    "if they contradict it beyond these.",
}

LIMITS = (
    "E|∇ₓf|² sees only the samples: a steep step between two samples is invisible to it. The value at test "
    "inputs is given beside it.",
    "Sharpness depends on the parameters: two networks with the same function can differ in |H|_F by any "
    "factor (theorem T8). The comparison here is between minima that training reached from the same "
    "starts.",
    "A product of eigenvalues is not a volume of a basin of attraction; it depends on how many are taken "
    "and on "
    "the scale of the parameters, and directions of zero curvature have to be left out.",
    "The logistic loss has no minimum on separable data: its Hessian shrinks with confidence alone, so its "
    "arm stops at a stated risk.",
    "Minima that differ in the attack set but share a start and a split are not independent; intervals draw "
    "repeats as a whole.",
    "Attacked minima are not reached from random starts: that they are worse and sharper does not show that "
    "sharpness is the cause.",
    "One data set, networks of one size and one law of starts: another choice may give other numbers, and "
    "the "
    "command takes --data.",
)

UNKNOWN = (
    "Of Wu, Zhu and E (2017, arXiv:1706.10239) the abstract, one figure and one quoted paragraph are known "
    "here. Its constants, the number of eigenvalues in its product and any factor before the logarithms, and "
    "the settings of its experiments are not; theorem T5 is rebuilt in its shape, and no number on this "
    "page is a number of the paper."
)
