"""Findings of every kind, drawn at random: verdicts, gradients, shares withheld, models without estimates."""

from itertools import product

from hypothesis import strategies as st

from report.brief.findings import MOVES, OK, Changed, Coefficient, Findings, Judged, Prediction, Share, Size, Test
from report.brief.verdicts import VERDICTS
from tests.report.brief_release import STUDY

GROUPS = STUDY.models.groups
CLASSES = STUDY.levels("centrality")
STATUSES = ("withheld", "too_few_observations", "empty_outcome", "separation", "collinear", "singular", "overflow",
            "not_converged", "absent")  # fmt: skip
PERSON_YEARS = 100_000
shares_given = st.integers(0, 20_000).map(
    lambda events: Share(
        events / PERSON_YEARS,
        max(0.0, events - 200) / PERSON_YEARS,
        (events + 200) / PERSON_YEARS,
        events,
        PERSON_YEARS,
    )
)
shares = st.one_of(*[shares_given] * 9, st.just(Share(None, None, None, None, None)))
counts = st.one_of(st.none(), st.integers(0, 10**7))


@st.composite
def coefficients(draw: st.DrawFn) -> dict[str, Coefficient]:
    """Coefficients of the classes of centrality: steady one way or the other, or as it falls."""
    estimates = draw(st.lists(st.floats(-3, 3), min_size=len(CLASSES), max_size=len(CLASSES), unique=True))
    order = draw(st.sampled_from(["up", "down", "any"]))
    if order != "any":
        estimates.sort(reverse=order == "down")
    half = draw(st.sampled_from([0.05, 0.5, 9.0]))
    found = {
        name: Coefficient(estimate, estimate - half, estimate + half)
        for name, estimate in zip(CLASSES, estimates, strict=True)
    }
    return found | {CLASSES[-1]: Coefficient(0.0, None, None)}


@st.composite
def judged(draw: st.DrawFn) -> tuple[Judged, ...]:
    """The study's hypotheses with any verdict and any tests."""
    found = []
    for declared in STUDY.hypotheses:
        verdict = draw(st.sampled_from(VERDICTS))
        tests = tuple(
            Test(situation.family_situation, draw(st.booleans()), draw(st.booleans()), draw(st.booleans()))
            for situation in STUDY.tested_situations(declared)
        )
        tests = () if verdict == "inconclusive" else tests
        found.append(
            Judged(
                declared.id,
                {"en": declared.statement.en, "nb": declared.statement.nb},
                declared,
                verdict,
                len(tests),
                sum(test.supports for test in tests),
                tests,
            )
        )
    return tuple(found)


@st.composite
def predictions(draw: st.DrawFn, groups: tuple[str, ...]) -> tuple[Prediction, ...]:
    """Probabilities of all combinations, with emigration the likelier nowhere, here and there, or everywhere."""
    ratio = draw(st.sampled_from([0.1, 0.9, 1.1, 5.0]))
    random = draw(st.randoms(use_true_random=False))
    return tuple(
        Prediction(
            group, centrality, family, labour, move := random.uniform(0.001, 0.1), move * ratio * random.random()
        )
        for group in groups
        for centrality in CLASSES
        for family, labour in product(STUDY.profiles.family_situation, STUDY.profiles.labour_market_status)
    )


@st.composite
def findings(draw: st.DrawFn) -> Findings:
    """Findings of a release."""
    models = ("pooled", "random_effects")
    status = {
        (model, group): draw(st.one_of(st.just(OK), st.just(OK), st.sampled_from(STATUSES)))
        for model in models
        for group in GROUPS
    }
    fitted = tuple(group for group in GROUPS if status["pooled", group] == OK)
    verdicts = draw(judged())
    names = [each.name for each in verdicts]
    varied = draw(st.integers(0, 70))
    return Findings(
        study=STUDY,
        model="pooled",
        other_model="random_effects",
        first_year=2015,
        last_year=draw(st.integers(2015, 2020)),
        shares={(group, outcome, name): draw(shares) for group in GROUPS for outcome in MOVES for name in CLASSES},
        coefficients={(group, outcome): draw(coefficients()) for group in fitted for outcome in MOVES},
        predictions=draw(predictions(fitted)),
        status=status,
        sizes={group: Size(*(draw(counts) for _ in range(4))) for group in GROUPS},
        judged=verdicts,
        other_verdicts=draw(
            st.one_of(st.just({}), st.fixed_dictionaries({n: st.sampled_from(VERDICTS) for n in names}))
        ),
        variants=draw(st.integers(1, 7)) if varied else 0,
        varied=varied,
        inconclusive=draw(st.integers(0, varied)),
        changed=draw(
            st.lists(
                st.builds(
                    Changed,
                    st.just({"en": "Only persons aged 30 to 54", "nb": "Bare personer på 30 til 54 år"}),
                    st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True).map(tuple),
                ),
                max_size=3,
            ).map(tuple)
        ),
    )
