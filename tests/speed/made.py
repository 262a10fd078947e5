"""A measurement with numbers of all sizes, made up."""

from __future__ import annotations

from typing import Any

from bench.records import Environment
from bench.speed.result import Evaluation, Flops, Share, Speed, Spread, Subject, Training


def result(**changed: Any) -> Speed:
    """A result; fields of it changed."""
    rate = Spread(median=1234567.0, low=1111111.0, high=2222222.0, blocks=5)
    parts = [("sampling of episodes", 0.05), ("forward", 0.25), ("backward", 0.5), ("validation", 0.2)]
    fields: dict[str, Any] = {
        "bench_version": "1.0",
        "measured": "2026-11-27T03:04:05Z",
        "seconds": 10.0,
        "subject": Subject(
            learner="protonet",
            suite="omniglot-5w1s",
            recipe="fast",
            options={"hidden": 64},
            precision="fp32",
            strategy="vmap",
            noun="episodes",
            parameters=111_936,
        ),
        "environment": environment(),
        "contended": False,
        "training": Training(
            steps=100_000,
            batch=16,
            timed=1000,
            steps_per_s=rate,
            episodes_per_s=rate,
            parts=tuple(Share(name=n, ms=12345 * s, low=9999 * s, high=23456 * s, share=s) for n, s in parts),
            checks=20,
            check_s=12.5,
            whole_s=123456.0,
        ),
        "evaluation": Evaluation(episodes=2000, batch=100, episodes_per_s=rate, p50=1234.5, p95=12345.6),
        "flops": Flops(training=6.96e12, evaluation=2.5e11),
        "peak_host_mib": 123456.7,
        "peak_device_mib": 65432.1,
        "matmul_gflops": 51234.5,
        "notes": ("A note.",),
    }
    return Speed(**{**fields, **changed})


def environment(**changed: Any) -> Environment:
    fields: dict[str, Any] = {
        "device": "cpu",
        "hardware_class": "cpu-x86_64-Chip-2c",
        "cpu": "Chip",
        "cores": 2,
        "threads": 1,
        "ram_gib": 8.0,
        "os": "Linux",
        "python": "3.12.3",
        "versions": {"torch": "2.14.1", "numpy": "2.4.0"},
    }
    return Environment(**{**fields, **changed})
