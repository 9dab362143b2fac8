"""The examination: probes that read facts off frames, checked on true clips before a model is asked."""

from himmel.evaluate.asking import codec_round_trip
from himmel.evaluate.cases import Case, Drawn, Length, Take, draw_cases
from himmel.evaluate.compare import Comparison, RowPair, compare, compared_table
from himmel.evaluate.examiner import Examiner, ExaminerConfig, load_examiner
from himmel.evaluate.exhibit import Exhibit, Given
from himmel.evaluate.full import FULL
from himmel.evaluate.interval import Estimate, difference, median_estimate, rank_estimate, share_estimate
from himmel.evaluate.learn import LearnConfig, learn_examiner
from himmel.evaluate.page import comparison_page, report_page
from himmel.evaluate.probe_table import PROBES
from himmel.evaluate.probes import Probe
from himmel.evaluate.questions import Group, Suite
from himmel.evaluate.recogniser import Recogniser, RecogniserConfig, load_recogniser
from himmel.evaluate.report import Absent, Example, Report, RowResult, table_of
from himmel.evaluate.rows import ROWS, Row
from himmel.evaluate.runner import Keeping, check_probes, evaluate
from himmel.evaluate.sheet import SampleSheet
from himmel.evaluate.suites import QUICK, SUITES, THOROUGH, suite_named
from himmel.evaluate.teach import TeachConfig, teach_recogniser

__all__ = [
    "FULL",
    "PROBES",
    "QUICK",
    "ROWS",
    "SUITES",
    "THOROUGH",
    "Absent",
    "Case",
    "Comparison",
    "Drawn",
    "Estimate",
    "Examiner",
    "ExaminerConfig",
    "Example",
    "Exhibit",
    "Given",
    "Group",
    "Keeping",
    "LearnConfig",
    "Length",
    "Probe",
    "Recogniser",
    "RecogniserConfig",
    "Report",
    "Row",
    "RowPair",
    "RowResult",
    "SampleSheet",
    "Suite",
    "Take",
    "TeachConfig",
    "check_probes",
    "codec_round_trip",
    "compare",
    "compared_table",
    "comparison_page",
    "difference",
    "draw_cases",
    "evaluate",
    "learn_examiner",
    "load_examiner",
    "load_recogniser",
    "median_estimate",
    "rank_estimate",
    "report_page",
    "share_estimate",
    "suite_named",
    "table_of",
    "teach_recogniser",
]
