"""Gradient, products, matrix, diagonal and Frobenius norm: what needs no eigenvalue, each with its bound."""
