"""Chains of steps that a machine follows, in files named as the records they prove."""
