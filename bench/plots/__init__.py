"""Pictures of what runs learned, from their records and checkpoints. matplotlib is the extra `plots`.

    chosen.py      the runs a picture shows, and what tells them apart
    answers.py     functions: the learners' answers on a dense grid of inputs, the truth or the exact posterior
    progress.py    exploration: regret or reward within a trial
    style.py       colours and fonts; files that are the same bytes for the same figure
    learning.py, functions.py, exploration.py    panels: training and scores, functions, trials
    picture.py     which panels, and where

The first three are numbers without drawing; what is below needs matplotlib.
"""
