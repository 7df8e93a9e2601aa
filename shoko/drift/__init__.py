"""What hosts run just now against what is declared, told as changes: who can now reach what, who no longer can."""
