"""The running calls: one task per call, the router that feeds it, and the executor that carries its commands out."""
