from crosslane.demo.packaged import SAMPLE, SAMPLE_SITES, SAMPLE_WAREHOUSES, make_sample
from crosslane.demo.raw import read_rows

BYTES_MAX = 3_000_000


def test_the_sample_is_what_the_raw_data_makes(folder):
    for path, rows in make_sample(folder).items():
        made = [{name: str(value) for name, value in row.items()} for row in rows]
        assert list(read_rows(path)) == made, path.name


def test_the_sample_is_sorted_as_the_whole_file_is(invoices, sample):
    by_number = {invoice.number: invoice for invoice in invoices}
    assert all(by_number[invoice.number] == invoice for invoice in sample)


def test_the_sample_is_small_and_names_its_sources():
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) < BYTES_MAX
    notice = (SAMPLE / "NOTICE.txt").read_text()
    assert "10.24432/C5BW33" in notice
    assert "Creative Commons Attribution 4.0" in notice
    for path in SAMPLE.glob("*.csv.gz"):
        assert path.name in notice


def test_the_places():
    sites, warehouses = list(read_rows(SAMPLE_SITES)), list(read_rows(SAMPLE_WAREHOUSES))
    assert (len(sites), len(warehouses)) == (815, 6)
    assert len({place["site_id"] for place in sites + warehouses}) == 821
