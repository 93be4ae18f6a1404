"""What a run left: outputs, tables, plots."""
