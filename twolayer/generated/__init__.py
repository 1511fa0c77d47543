"""Modules written by theory.emit; do not edit them."""
