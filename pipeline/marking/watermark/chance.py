"""How likely it is that what carries no mark looks as if it did.

The mark's signs are random and fixed before any picture is seen. For whatever picture carries no mark, the normalised
correlation with them therefore exceeds *t* with a probability below ``exp(-t**2 / 2)`` (Hoeffding, *Probability
inequalities for sums of bounded random variables*, 1963), with no assumption about pictures, and however their
frequencies are weighted, as long as the weights do not depend on these signs. Over all scales, places and mirrorings
that are tried, and over all payloads that can be read, these probabilities add up at most.

That bounds the chance of what the template shows, and of what the data show where the template was placed, weighted by
how well it came through. Their signs are independent, so the two chances are as well, and their product is at most *x*
with a probability below ``x * (1 - log(x))`` (Fisher, *Statistical methods for research workers*, 4th edition, 1932,
section 21.1): neither needs to be beyond doubt where both together are. A mark is found where the template alone, or
both together, are less likely than half of one in a million.
"""

from __future__ import annotations

import math

FALSE_ALARM = 1e-6
MISREADING = 1e-4
"""A payload counts as read where noise would be read as anything at all less often than this."""


def threshold(hypotheses: float, probability: float = FALSE_ALARM / 2) -> float:
    """The normalised correlation that none of so many hypotheses exceeds by chance, but with `probability`."""
    return math.sqrt(2 * math.log(hypotheses / probability))


def chance(hypotheses: float, score: float) -> float:
    """Bound on the probability that one of so many hypotheses correlates so well with what carries no mark."""
    return min(1.0, hypotheses * math.exp(-(max(0.0, score) ** 2) / 2))


def together(one: float, other: float) -> float:
    """Probability that the product of two independent chances is so small."""
    product = max(one * other, 1e-300)
    return min(1.0, product * (1 - math.log(product)))
