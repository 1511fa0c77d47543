"""The one room of theory that imports twolayer."""
