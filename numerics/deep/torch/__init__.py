"""The curvature of any torch module, by the names that exact networks have.

torch itself (extra ``[torch]``) is imported when a module is given, not before.
"""

from numerics.deep.torch.curvature import ModuleCurvature, module_hessian
from numerics.deep.torch.examples import lenet, residual_network
from numerics.deep.torch.recognition import network_of

__all__ = ["ModuleCurvature", "lenet", "module_hessian", "network_of", "residual_network"]


def __dir__() -> list[str]:
    return __all__
