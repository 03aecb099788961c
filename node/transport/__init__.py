"""Links between nodes: serving, dialling, finding each other nearby."""
