"""What happened: select, frame, then table, chart or export; reads only and runs without the web."""
