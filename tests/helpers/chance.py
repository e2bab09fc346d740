"""The seeds of random tests. They are fixed, so that a change is judged by what it has changed; `VARIABLE=random` looks for more, and the failure tells the
seed that it was."""
import os
import random


def seed_from(variable):
    told = os.environ.get(variable, "20261126")
    return random.SystemRandom().randrange(10**9) if told == "random" else int(told)
