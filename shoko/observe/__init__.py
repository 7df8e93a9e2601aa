"""What hosts hold and run just now, read in one visit each over the connections that Ansible uses."""
