"""Device control where Shoko does not manage the machine: the same registered devices as a Windows policy."""
