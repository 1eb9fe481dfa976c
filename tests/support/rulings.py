"""What a rule says of made-up pairs, without a store."""

from cnnjobs.comparison.decisions import Endings, ruling
from cnnjobs.store.decision_rule import DecisionRule

REFERENCE = "baseline"


def made_rule(variants, *, margin=None, most_repeats=20, alpha=0.05):
    """A rule over variants, whose condition ids are their names.

    Args:
        variants: names, without the reference.
        margin: in points.
        most_repeats: of a variant.
        alpha: of the rule.
    """
    return DecisionRule(
        alpha=alpha,
        margin=None if margin is None else margin / 100,
        most_repeats=most_repeats,
        metric="test_accuracy",
        reference=REFERENCE,
        variants={name: name for name in variants},
    )


def made_ruling(pairs, **rule):
    """What a rule says.

    Args:
        pairs: variant -> for each repeat its difference to the reference in points, or how its run ended.
        **rule: as `made_rule` takes it.
    """
    endings = Endings()
    for repeat in range(max(map(len, pairs.values()))):
        endings.add((REFERENCE, repeat), f"{REFERENCE}-{repeat}", "completed", 0.5)
        for name, own in pairs.items():
            if repeat < len(own):
                one = own[repeat]
                status, value = (one, None) if isinstance(one, str) else ("completed", 0.5 + one / 100)
                endings.add((name, repeat), f"{name}-{repeat}", status, value)
    return ruling(made_rule(pairs, **rule), {name: name for name in (REFERENCE, *pairs)}, endings)
