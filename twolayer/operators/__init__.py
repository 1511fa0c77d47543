"""The scipy LinearOperators that users hold: Hessian, its parts and blocks."""
