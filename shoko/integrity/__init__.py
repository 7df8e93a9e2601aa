"""Files of hosts against what they were when somebody last looked: by AIDE, kept and signed off the host."""
