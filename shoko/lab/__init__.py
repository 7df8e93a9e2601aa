"""The lab: every host of a site as a real Debian 13 system on one machine, in network namespaces."""
