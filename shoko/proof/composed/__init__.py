"""The enforcing points of a site taken together: hosts, gateways, routes, switch. See docs/proof.md."""
