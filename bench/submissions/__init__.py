"""Results that others can check: pack a finished run, verify somebody else's.

    bundle.py      what a packed result holds, and its schema
    container.py   opening a folder or zip that came from anywhere
    pack.py        from a finished run to a bundle
    consistent.py  level consistent: recompute everything, run nothing, by
        plain (what may be written), identity, declared, possible, provenance, numbers, plausible, regular
    preview.py     entries as a store, for boards before they are accepted
    replay.py      the entry's learner and episodes, for the levels that run it
    spot.py, fresh.py, rerun.py    those levels
    history.py     the outcome appended to the record

`bundle`, `container`, `consistent` and what they import need no torch, import no submitted code and unpickle nothing.
"""
