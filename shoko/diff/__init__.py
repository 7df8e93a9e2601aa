"""`shoko diff`: what a change of the declaration newly permits and newly denies, before anything is applied."""
