"""Two measurements side by side, where they may be. Free of torch."""

from __future__ import annotations

from bench.errors import UsageError
from bench.records import Environment
from bench.speed.result import Speed

Named = tuple[str, Speed]  # a result, and what to call it


def refuse_others(first: str, a: Environment, second: str, b: Environment) -> None:
    """Raises UsageError where times of the two can't be compared: another machine, device, threads or torch."""
    differences = [
        f"{name} {here!r} in {first}, {there!r} in {second}"
        for name, here, there in (
            ("hardware class", a.hardware_class, b.hardware_class),
            ("device", a.device, b.device),
            ("threads", a.threads, b.threads),
            ("torch", a.versions.get("torch"), b.versions.get("torch")),
        )
        if here != there
    ]
    if differences:
        raise UsageError(
            "Expected two measurements of one hardware class, device, number of threads and torch version, found "
            f"{'; '.join(differences)}.",
            "Measure both on one machine: bench speed --save FILE.json, with the same --device and OMP_NUM_THREADS.",
        )


def differences(a: Speed, b: Speed) -> dict[str, tuple[str, str]]:
    """What else differs, by name: it may be what is compared, or what makes a comparison unfair."""
    found = {
        name: (str(getattr(a.subject, name)), str(getattr(b.subject, name)))
        for name in type(a.subject).model_fields
        if name != "options"
    }
    here, there = a.subject.options, b.subject.options
    for name in sorted(here.keys() | there.keys() if a.subject.learner == b.subject.learner else ()):
        found[f"option {name}"] = str(here.get(name, "-")), str(there.get(name, "-"))
    found["bench"] = a.bench_version, b.bench_version
    found["episodes a block of evaluation"] = f"{a.evaluation.episodes:,}", f"{b.evaluation.episodes:,}"
    found["episodes answered at once"] = f"{a.evaluation.batch:,}", f"{b.evaluation.batch:,}"
    found["alone on the machine"] = _alone(a), _alone(b)
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}


def _alone(speed: Speed) -> str:
    return "no" if speed.contended else "yes"
