"""What is not typed as printed by the default tests, each with its reason; everything else on a page is.

A name is a command as printed, without its comment, or the first line of a python block that is no import.
"""

from __future__ import annotations

# Lines that are longer than a reader likes, by how they begin.
WIDE = {
    '{"time": "2026-11-27T01:02:03.456Z", "event": "training"': "an event is a line of JSON",
}

# Typed as printed, by the slow tests.
LATER = dict.fromkeys(
    (
        "bench run --algo nearest_centroid --suite glyphs-5w1s",
        "results = bench.run(",
        "bench tune temperature.yaml",
        "bench tune temperature.yaml --test",
        "bench check my_learner.py:MyLearner",
        "bench check my_learner.py:MyLearner --json",
        "bench check relnet",
        "bench check relnet --set norm=batch",
        "bench check protonet --suite glyphs-20w1s",
        "bench check protonet --quick",
        "bench verify 406f --level rescored",
        "bench sweep -a chance,protonet -s 'glyphs-*' --seeds 0-1 --budget smoke --dry-run",
        "bench sweep -a chance,protonet -s 'glyphs-*' --seeds 0-1 --budget smoke",
        "bench sweep glyphs.yaml --dry-run",
        "bench sweep glyphs.yaml",
        "bench sweep glyphs.yaml --retry-failed",
        "bench sweep -a maml -s sinusoid-20s --seeds 0-2 --engine slurm --write maml.sbatch",
        "bench leaderboard --format html --write site --runs leaderboards/results",
        "bench leaderboard --format html --write site --suite omniglot-5w1s,sinusoid-10s",
        "bench publish omniglot-5w1s --to hf --write episodes",
        "bench plot 10ce9efd --view answers --out docs/pictures/sinusoid-maml.png",
        "bench plot d3264ef9 906cc8b3 cbb2f515 --view answers --out docs/pictures/gp1d-processes.png",
        "bench plot 9a5ac151 33628482 67c3968c 67067e3b 026ccc5e --view answers --out docs/pictures/bandit-regret.png",
        "bench plot a2ab41d0 b02ffd40 2a476618 6254fe83 --out docs/pictures/omniglot-learning.png",
    ),
    "takes longer: loads torch, or writes every page",
) | dict.fromkeys(
    (
        "bench leaderboard --write boards --results runs",
        "bench leaderboard --check boards --results runs",
        "bench leaderboard --format html --write site",
        "bench leaderboard --format html --check site",
        "bench list runs --runs runs",
        "bench status sweep",
        "bench work glyphs",
        "bench cancel glyphs",
        "bench events glyphs",
    ),
    "needs what an earlier line of its page makes",
)

_BEST = "bench run --algo protonet --suite glyphs-5w1s --seeds 0 --set temperature=8 --train lr=0.004 --configs-tried 7"

# Typed in another form, by the slow tests: (what is typed, why not what is printed).
INSTEAD = {
    "make demo": ("bench sweep docs/demo.yaml --dry-run", "installs everything from the network, and trains"),
    "bench run --algo maml --suite sinusoid-10s --seeds 0-1": (
        "bench run --algo maml --suite sinusoid-10s --seeds 0-1 --budget smoke",
        "trains: the same with the smoke budget",
    ),
    "bench run --algo protonet --suite glyphs-5w1s --train steps=100,lr=4e-3": (
        "bench run --algo protonet --suite glyphs-5w1s --train steps=100,lr=4e-3 --budget smoke",
        "trains: the same with the smoke budget",
    ),
    _BEST: (
        f"{_BEST} --budget smoke",
        "trains: the same with the smoke budget",
    ),
    "bench run --algo protonet --suite glyphs-5w1s --recipe mine.yaml": (
        "bench run --algo protonet --suite glyphs-5w1s --recipe mine.yaml --budget smoke",
        "trains: the same with the smoke budget",
    ),
    "bench run --algo my_learner.py:MyLearner --suite glyphs-5w1s --budget short": (
        "bench run --algo my_learner.py:MyLearner --suite glyphs-5w1s --budget smoke",
        "trains: the same with the smoke budget",
    ),
    "bench run --algo my_learner.py:MyLearner --suite omniglot-5w1s --seeds 0-2": (
        "bench run --algo my_learner.py:MyLearner --suite glyphs-5w1s --seeds 0-2 --budget smoke",
        "trains, on images that have to be downloaded",
    ),
    "bench run --algo slow.py:Slow --suite omniglot-5w1s --episodes 400": (
        "bench run --algo slow.py:Slow --suite sinusoid-10s --episodes 400 --budget short",
        "trains, on images that have to be downloaded",
    ),
    "bench merge machine-a/runs machine-b/runs --into leaderboards/results --dry-run": (
        "bench merge leaderboards/results --into joined --dry-run",
        "needs the records of two machines",
    ),
    "bench merge machine-a/runs machine-b/runs --into leaderboards/results": (
        "bench merge leaderboards/results --into joined",
        "needs the records of two machines",
    ),
}

# Typed by no test of these pages.
_ALONE = "waits until it has the machine alone; tests/speed/test_command.py types it"
_YOURS = "tests/own types it, on images that it makes"
_ADAPTER = "tests/docs/test_adapters.py types it, where the libraries are installed"
UNTYPED = {
    "bench run --algo encoder.py:Encoder --suite glyphs-5w1s": _ADAPTER,
    "bench run --algo fsl.py:Fsl --suite glyphs-5w1s": _ADAPTER,
    "bench run --algo fsl.py:Fsl --suite glyphs-5w1s --set method=BDCSPN --budget smoke": _ADAPTER,
    "bench run --algo logreg.py:LogReg --suite glyphs-5w1s": _ADAPTER,
    "bench run --algo inner_loop.py:InnerLoop --suite sinusoid-10s --train steps=500,batch=16": _ADAPTER,
    "bench run --algo stored.py:Stored --suite glyphs-5w1s --set sha256=$(python features.py)": _ADAPTER,
    "bench leaderboard --suite glyphs-5w1s": _ADAPTER,
    "bench speed --algo protonet --suite glyphs-5w1s --save before.json": _ALONE,
    "bench speed --algo protonet --suite glyphs-5w1s --set backbone=conv4-32 --against before.json": _ALONE,
    "bench speed --compare before.json after.json": _ALONE,
    "source .venv/bin/activate": "of the environment that `make demo` makes",
    "make check": "runs checks of the source, as continuous integration does",
    "make test": "runs these tests",
    "make wheel": "installs everything from the network; it is a test itself",
    "bench run --algo relnet --suite miniimagenet-5w1s": "trains for an hour, on images that have to be downloaded",
    "pip install 'meta-bench[features]'": "installs from the network",
    "bench try photos": _YOURS,
    "bench predict photos new --sheet sheet.png --csv answers.csv": _YOURS,
    "bench export photos labeller": _YOURS,
    "python labeller/predict.py new": _YOURS,
    "python docs/try_simulation.py POOL --classes 8 --images 5 --trials 80 --features lite0 --features pixels": (
        "hours of computing on real images"
    ),
    "bench weights fetch relnet-authors-omniglot-5w1s": "downloads",
    "bench run --weights relnet-authors-omniglot-5w1s --suite omniglot-5w1s": "needs downloaded weights and images",
    "bench events glyphs --tensorboard curves": "needs an extra, tensorboard; tests/sweeps/test_tensorboard.py has it",
    "bench sweep glyphs.yaml --engine ray --address 10.0.0.7:6379": "needs a Ray cluster; tests/sweeps starts one",
    "class LogisticRegression(torch.nn.Module):": "tests/baselines/test_optimization.py carries it out",
    "class MyLearner(bench.Learner):  # an nn.Module": "an outline; `bench new` writes one that runs",
    "class MyExplorer(bench.Explorer):": "an outline; `bench new --family exploration` writes one that runs",
    "for step in range(source.resume(optimizer, head=head), steps):  # restores them, the learner and the draws": (
        "a part of a learner's meta_train"
    ),
    "runs = {}": "needs an account at Weights & Biases",
    "client, runs = mlflow.MlflowClient(), {}": "needs mlflow, no dependency of bench",
}
