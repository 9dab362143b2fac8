"""Weights on disk: folders of self-describing .safetensors shards beside one index, `weights.json`.

A folder holds parts (codec, transformer, text), each with the config its class is built from and the
shards its tensors lie in, every shard with size and SHA-256, and one card: what the weights know and which
ledger of training data they saw. The digest of a folder covers the shards and the configs, and a plan and a
manifest name it. Reading the index needs no torch and costs nothing; tensors are read only from bytes whose
size and hash matched, so a flipped bit, a truncated shard and a renamed pickle are all refused by name.
"""

from himmel.weights.index import (
    CATALOGUE,
    INDEX_NAME,
    Card,
    Index,
    LongDefaults,
    PartIndex,
    SamplerDefaults,
    ShardFile,
    find_weights,
    read_index,
)
from himmel.weights.shards import SHARD_BYTES, Part, Weights, load_weights, save_weights, verify_weights

__all__ = [
    "CATALOGUE",
    "INDEX_NAME",
    "SHARD_BYTES",
    "Card",
    "Index",
    "LongDefaults",
    "Part",
    "PartIndex",
    "SamplerDefaults",
    "ShardFile",
    "Weights",
    "find_weights",
    "load_weights",
    "read_index",
    "save_weights",
    "verify_weights",
]
