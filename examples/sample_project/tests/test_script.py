"""The script writes the report, and says so when it cannot."""

import pytest
import weekly_report

pytestmark = pytest.mark.usefixtures("workflow_id")


def test_the_report_has_a_row_for_each_product(alpine_session, tmp_path, capsys):
    path = tmp_path / "north.csv"
    assert weekly_report.main(["north", "--to", str(path)], alpine_session) == 0
    assert path.read_text() == "product,sales,total\nbook,1,107.0000\nlamp,2,476.0000\n"
    assert capsys.readouterr().out == f"2 products in {path}\n"


def test_a_run_that_fails_leaves_no_report(alpine_sandbox, alpine_session, tmp_path, capsys):
    alpine_sandbox.fault("node_failure", operator="With Tax")
    path = tmp_path / "north.csv"
    assert weekly_report.main(["north", "--to", str(path)], alpine_session) == 1
    assert "With Tax" in capsys.readouterr().err
    assert not path.exists()


def test_a_connection_that_breaks_once_does_not_matter(alpine_sandbox, alpine_session):
    alpine_sandbox.fault("drop", method="GET", path="/results/")
    assert len(weekly_report.report(alpine_session, "north")) == 2


def test_a_server_that_is_out_of_order_is_told(alpine_sandbox, alpine_session, tmp_path, capsys):
    alpine_sandbox.fault("html500", path="/run$")
    assert weekly_report.main(["north", "--to", str(tmp_path / "north.csv")], alpine_session) == 1
    assert capsys.readouterr().err.startswith("No report: ")
