"""A few extreme eigenpairs of any symmetric operator, with residual bounds and the proved prefix."""
