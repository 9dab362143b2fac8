"""The mathematics of sampling: the clock, its grids, solvers, guidance and windows. No network in here."""

from himmel.flow.guidance import Branches, Guidance
from himmel.flow.noise import start_noise
from himmel.flow.path import clean_from_velocity, noisy, velocity, velocity_from_clean
from himmel.flow.rollout import Window, windows
from himmel.flow.sample import FlowState, OnStep, Predict, sample
from himmel.flow.schedule import entering, network_timesteps, sigma_grid, training_times
from himmel.flow.solver import SOLVERS, Estimate, Solver, euler, unipc

__all__ = [
    "SOLVERS",
    "Branches",
    "Estimate",
    "FlowState",
    "Guidance",
    "OnStep",
    "Predict",
    "Solver",
    "Window",
    "clean_from_velocity",
    "entering",
    "euler",
    "network_timesteps",
    "noisy",
    "sample",
    "sigma_grid",
    "start_noise",
    "training_times",
    "unipc",
    "velocity",
    "velocity_from_clean",
    "windows",
]
