"""Tools of the build: releases and translations."""
