"""From files to series at regular times: tables, numbers, dates."""
