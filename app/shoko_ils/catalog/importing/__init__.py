"""Reading files of bibliographic records into the catalogue, with an account of every record."""
