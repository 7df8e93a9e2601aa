"""The world around the site: names, time, packages, web sites, and people with browsers and bad intentions.

Nothing here is part of the product; it is made so that the product has something to face.
"""
