"""Inequalities that proofs use, each checked."""
