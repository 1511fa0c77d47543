"""The network and the quantities of theorems in arrays with exact derivatives: they steer the search."""
