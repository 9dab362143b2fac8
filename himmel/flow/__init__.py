"""The mathematics of sampling: the clock, its grids, solvers, guidance and windows. No network in here."""

from himmel.flow.guidance import Branches, Guidance
from himmel.flow.noise import noise_frames, start_noise
from himmel.flow.path import clean_from_velocity, noisy, velocity, velocity_from_clean
from himmel.flow.rollout import Begin, Call, Group, Rolling, roll
from himmel.flow.sample import OnStep, Predict, Sampler, sample
from himmel.flow.schedule import entering, network_timesteps, sigma_grid, training_times
from himmel.flow.solver import SOLVERS, Estimate, Solver, Walk, euler, solve, unipc
from himmel.flow.state import FlowState, Shown

__all__ = [
    "SOLVERS",
    "Begin",
    "Branches",
    "Call",
    "Estimate",
    "FlowState",
    "Group",
    "Guidance",
    "OnStep",
    "Predict",
    "Rolling",
    "Sampler",
    "Shown",
    "Solver",
    "Walk",
    "clean_from_velocity",
    "entering",
    "euler",
    "network_timesteps",
    "noise_frames",
    "noisy",
    "roll",
    "sample",
    "sigma_grid",
    "solve",
    "start_noise",
    "training_times",
    "unipc",
    "velocity",
    "velocity_from_clean",
]
