"""Enquiries from authorities (照会・令状): their register, and the sheet that says what is not kept."""
