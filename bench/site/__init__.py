"""The leaderboards as a site of plain files: `bench leaderboard --format html --write DIR`.

    write           which pages there are, and putting them into a folder
    *_page          what one kind of page shows: boards and records -> plain values
    axis, forest, scatter, curves    figures as places in percent and pixels; `templates/figures.html` draws them
    grid, prose, verifying, hardest, pictures, rows, places, declared    what pages share
    templates/, static/    HTML by jinja2, which escapes every text; one stylesheet and one script

Numbers come from boards and records, formatted by `boards.render`; nothing is computed a second way. No torch.
"""

from bench.site.write import SiteWritten, check_site, write_site

__all__ = ["SiteWritten", "check_site", "write_site"]
