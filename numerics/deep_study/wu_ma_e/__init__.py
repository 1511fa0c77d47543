"""Tables of Wu, Ma and E (NeurIPS 2018) on Fashion-MNIST, repeated: `twolayer deep --replicate wu-ma-e`."""
