"""The network, and the records of the activation and the loss it is made of."""
