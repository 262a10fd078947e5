"""What answers: the contract, the prediction types and the registry."""
