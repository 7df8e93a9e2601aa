"""One question about a site: may A open this service to B, by which flow, and if not, what stops it?"""
