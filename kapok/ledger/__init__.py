"""Merkle logs: entries, hashes, tiles, proofs, signed checkpoints, bundles and their verifier.

Pure: no Django, no database driver, no asyncio, no network. docs/audit-bundle.md says what a bundle holds.
"""
