"""Every chapter keeps the rules of `structure.py`, and every rule is seen to fail on a broken copy of the fixture."""

import copy
from pathlib import Path

import nbformat
import pytest
import structure

from course_utils import notebooks

TESTS = Path(__file__).parent
FIXTURE_FOLDER = TESTS / "fixtures" / "chapter"
CHAPTERS = [structure.load(entry, TESTS / "mutations") for entry in notebooks.chapters()]
FIXTURE = structure.load(
    notebooks.table_of_contents(FIXTURE_FOLDER)[0], FIXTURE_FOLDER / "mutations", exercise_range=(1, 2)
)
BREAKS = []


def name(thing):
    return thing.path.stem if isinstance(thing, structure.Chapter) else getattr(thing, "__name__", "")


@pytest.mark.parametrize("rule", structure.RULES, ids=name)
@pytest.mark.parametrize("chapter", [FIXTURE, *CHAPTERS], ids=name)
def test_chapter_keeps_rule(chapter, rule):
    assert rule(chapter) == []


@pytest.mark.parametrize("folder", [notebooks.FOLDER, notebooks.FOLDER / "solutions"], ids=["chapters", "solutions"])
def test_every_notebook_is_in_the_reading_order(folder):
    known = {entry.file for entry in notebooks.table_of_contents()}
    assert {path.stem for path in folder.glob("*.ipynb")} <= known


def test_every_mutation_file_belongs_to_a_chapter():
    known = {entry.file for entry in notebooks.table_of_contents()}
    assert {path.stem for path in (TESTS / "mutations").glob("*.toml")} <= known


# --- each rule is seen to fail ---------------------------------------------------------------------------------


def breaks(rule, complaint):
    """Mark a function that damages the fixture chapter so that this rule, and only this one, makes this complaint."""

    def register(damage):
        BREAKS.append((rule, damage, complaint))
        return damage

    return register


def test_every_rule_has_a_broken_fixture():
    assert [name(rule) for rule in structure.RULES if rule not in [known for known, *_ in BREAKS]] == []


def cell(chapter, text):
    """Return the one cell of the chapter that contains the text."""
    (found,) = [cell for cell in chapter.notebook.cells if text in cell.source]
    return found


def edit(chapter, old, new):
    """Replace a text that stands in exactly one cell of the chapter."""
    found = cell(chapter, old)
    found.source = found.source.replace(old, new)


def position(chapter, text):
    return chapter.notebook.cells.index(cell(chapter, text))


def print_in(cell, text):
    cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text=text))


def show_in(cell, kind, data):
    cell.outputs.append(nbformat.v4.new_output("display_data", {kind: data}))


@breaks(structure.rule_valid, "not a valid notebook")
def break_unknown_field(chapter):
    chapter.notebook.cells[0]["colour"] = "blue"


@breaks(structure.rule_title, "begin with the title")
def break_other_number(chapter):
    edit(chapter, "# 9.9 From", "# 9.8 From")


@breaks(structure.rule_title, "the clinical question")
def break_no_question(chapter):
    first = chapter.notebook.cells[0]
    title, _, badge = first.source.split("\n\n")
    first.source = f"{title}\n\n{badge}"


@breaks(structure.rule_badge, "Document section, Reading time, Run time")
def break_no_run_time(chapter):
    edit(chapter, " · **Run time** 10 s", "")


@breaks(structure.rule_badge, "section of _toc.yml, '2'")
def break_other_section(chapter):
    edit(chapter, "**Document section** 2", "**Document section** 3")


@breaks(structure.rule_badge, "reading time")
def break_one_reading_time(chapter):
    edit(chapter, "10 min path / 3 min side rooms", "13 min")


@breaks(structure.rule_objectives, "(it has 2)")
def break_two_objectives(chapter):
    edit(chapter, "- compute sensitivity", "Compute sensitivity")


@breaks(structure.rule_objectives, "What you will be able to do")
def break_other_first_section(chapter):
    edit(chapter, "## What you will be able to do", "## What you will learn")


@breaks(structure.rule_retrieval, "exactly two numbered questions")
def break_unfolded_answer(chapter):
    found = cell(chapter, "## Before you start")
    found.source = found.source.replace("<details>", "", 1).replace("</details>", "", 1)


@breaks(structure.rule_retrieval, "the second section")
def break_no_retrieval(chapter):
    edit(chapter, "## Before you start", "## Before")


@breaks(structure.rule_parameters, "and no other")
def break_untagged_parameters(chapter):
    cell(chapter, "SEED = 0").metadata.pop("tags")


@breaks(structure.rule_parameters, "and no other")
def break_parameters_tagged_twice(chapter):
    cell(chapter, "rng =").metadata["tags"] = ["parameters"]


@breaks(structure.rule_parameters, "`N_PEOPLE`")
def break_parameter_without_comment(chapter):
    edit(chapter, "100_000  # people in the simulated check-up", "100_000")


@breaks(structure.rule_parameters, "only plain values")
def break_computed_parameter(chapter):
    cell(chapter, "SEED = 0").source += "\nN_HALF = N_PEOPLE // 2  # half of them"


@breaks(structure.rule_parameters, "`SEED = 0`")
def break_other_seed(chapter):
    edit(chapter, "SEED = 0", "SEED = 1")


@breaks(structure.rule_setup, "setup(seed=SEED, fast=FAST, chapter='9.9')")
def break_setup_without_fast(chapter):
    edit(chapter, "seed=SEED, fast=FAST", "seed=SEED")


@breaks(structure.rule_setup, "chapter='9.9'")
def break_setup_of_another_chapter(chapter):
    edit(chapter, 'chapter="9.9"', 'chapter="1"')


@breaks(structure.rule_fast_profile, "notebook metadata")
def break_no_fast_profile(chapter):
    chapter.notebook.metadata.pop("course")


@breaks(structure.rule_fast_profile, "EPOCHS is not among")
def break_unknown_fast_parameter(chapter):
    chapter.notebook.metadata["course"]["fast"]["EPOCHS"] = 1


@breaks(structure.rule_fast_profile, "N_PEOPLE must be of the type")
def break_fast_parameter_of_another_type(chapter):
    chapter.notebook.metadata["course"]["fast"]["N_PEOPLE"] = "few"


@breaks(structure.rule_kernel, "`python3`")
def break_other_kernel(chapter):
    chapter.notebook.metadata["kernelspec"]["name"] = "my-venv"


@breaks(structure.rule_plain_python, "no shell")
def break_install(chapter):
    cell(chapter, "rng =").source += "\n!pip install seaborn"


@breaks(structure.rule_plain_python, "no `urllib`")
def break_own_download(chapter):
    cell(chapter, "rng =").source += "\nfrom urllib.request import urlopen"


@breaks(structure.rule_plain_python, "not plain Python")
def break_no_python(chapter):
    cell(chapter, "rng =").source += "\nthis is no Python"


@breaks(structure.rule_cell_length, "at most 25")
def break_long_cell(chapter):
    cell(chapter, "rng =").source += "\nshare" * 20


@breaks(structure.rule_semicolon, "trailing `;`")
def break_semicolon(chapter):
    edit(chapter, "plt.show()", "plt.show();  # nothing printed")


@breaks(structure.rule_claim_statements, "must be a constant string")
def break_statement_with_numbers(chapter):
    edit(chapter, '"The share counted in the simulated check-up lies', 'f"The share {share} lies')
    chapter.mutations[2]["breaks"] = "In the check-up"


@breaks(structure.rule_claim_statements, "must be a constant string")
def break_statement_by_name(chapter):
    found = cell(chapter, "margin=")
    found.source = f"text = {found.source.splitlines()[1].strip(' ,')}\nclaim(text, True)"
    chapter.mutations[2]["breaks"] = "In the check-up"


@breaks(structure.rule_claim_margins, "`margin=`")
def break_no_margin(chapter):
    edit(chapter, "    margin=0.005 - distance,\n", "")


@breaks(structure.rule_claim_cells, "move `print()`")
def break_print_in_claim_cell(chapter):
    cell(chapter, "margin=").source += "\nprint()"


@breaks(structure.rule_claim_cells, "stands by itself")
def break_claim_in_a_loop(chapter):
    found = cell(chapter, "margin=")
    found.source = "for _ in range(1):\n" + "\n".join(f"    {line}" for line in found.source.splitlines())


@breaks(structure.rule_claim_tags, "tag the claim cell")
def break_untagged_claim(chapter):
    cell(chapter, "margin=").metadata["tags"] = []


@breaks(structure.rule_claim_tags, "depends on the data set")
def break_compared_claim_on_one_data_set(chapter):
    found = cell(chapter, "margin=")
    lines = "\n".join(f"    {line}" for line in found.source.splitlines())
    found.source = f'if data.name == "scans":\n{lines}\nelse:\n    print("for the scans: a claim")'


@breaks(structure.rule_claim_outputs, "nothing else")
def break_claim_changed_after_the_run(chapter):
    edit(chapter, "within half a percentage point", "within one percentage point")


@breaks(structure.rule_claim_outputs, "nothing else")
def break_more_output_than_claims(chapter):
    print_in(cell(chapter, "margin="), "and more")


@breaks(structure.rule_claim_outputs, "not those of the source")
def break_other_claim_stored_for_one_data_set(chapter):
    break_compared_claim_on_one_data_set(chapter)
    cell(chapter, "margin=").metadata["tags"] = []
    print_in(cell(chapter, "margin="), "✓ Something else")


@breaks(structure.rule_predictions, "(found 1)")
def break_one_prediction(chapter):
    edit(chapter, "**Before you run it:** you may", "You may")


@breaks(structure.rule_predictions, "in the next cell")
def break_prediction_without_code(chapter):
    found = chapter.notebook.cells.pop(position(chapter, "**Before you run it:** you may"))
    chapter.notebook.cells.insert(position(chapter, "Look at the dotted line"), found)


@breaks(structure.rule_exercise_ids, "found ['9.9-b']")
def break_exercise_out_of_order(chapter):
    for book in (chapter.notebook, chapter.solution):
        for item in book.cells:
            item.source = item.source.replace("9.9-a", "9.9-b")


@breaks(structure.rule_exercise_checks, "must end with")
def break_exercise_without_check(chapter):
    edit(chapter, 'exercises.check("9.9-a", negative_predictive_value)', "print()")


@breaks(structure.rule_exercise_checks, "must end with")
def break_check_of_another_exercise(chapter):
    edit(chapter, 'check("9.9-a"', 'check("9.9-b"')


@breaks(structure.rule_exercise_stubs, "leave a stub")
def break_exercise_solved(chapter):
    edit(chapter, "    ...\n", "    return specificity\n")


@breaks(structure.rule_exercise_hints, "fold a hint")
def break_exercise_without_hint(chapter):
    for book in (chapter.notebook, chapter.solution):
        for item in book.cells:
            item.source = item.source.replace("<summary>Hint", "<summary>More")


@breaks(structure.rule_exercise_unused, "a later cell uses")
def break_exercise_used_later(chapter):
    cell(chapter, "odds_before =").source += "\nnegative_predictive_value(0.9, 0.6, 0.1)"


@breaks(structure.rule_exercise_unsolved, "not attempted yet")
def break_solved_exercise_stored(chapter):
    cell(chapter, "exercises.check(").outputs[0].text = "✓ correct\n"


@breaks(structure.rule_solution, "write solutions/99_fixture.ipynb")
def break_no_solution(chapter):
    chapter.solution = None


@breaks(structure.rule_solution, "text unchanged")
def break_other_exercise_text(chapter):
    edit(chapter, "A normal scan should reassure.", "A normal scan reassures.")


@breaks(structure.rule_solution, "no parameters")
def break_solution_with_parameters(chapter):
    chapter.solution.cells[1].metadata["tags"] = ["parameters"]


@breaks(structure.rule_solution, "begin with")
def break_solution_of_another_chapter(chapter):
    chapter.solution.cells[0].source = "# 9.8 Another: solutions"


@breaks(structure.rule_solution_solved, "its output with ✓")
def break_wrong_solution_stored(chapter):
    chapter.solution.cells[3].outputs[0].text = "✗ not correct\n"


@breaks(structure.rule_quiz, "two questions or more")
def break_one_question(chapter):
    edit(chapter, "**Question 2.**", "**And** then:")


@breaks(structure.rule_quiz, "missing: ['C']")
def break_unexplained_option(chapter):
    edit(chapter, "**C** would hold for sensitivity", "It would hold for sensitivity")


@breaks(structure.rule_quiz, "the answer in <details>")
def break_unfolded_quiz(chapter):
    found = cell(chapter, "## Quiz")
    found.source = found.source.replace("<details>", "").replace("</details>", "")


@breaks(structure.rule_last_sections, "end with the sections")
def break_references_before_key_points(chapter):
    chapter.notebook.cells[-2:] = chapter.notebook.cells[:-3:-1]


@breaks(structure.rule_last_sections, "end with the sections")
def break_section_after_references(chapter):
    chapter.notebook.cells[-1].source += "\n\n## Outlook\n\nMore."


@breaks(structure.rule_references, "[4] is not among")
def break_unknown_reference(chapter):
    edit(chapter, "estimated predictive values", "estimated [4] predictive values")


@breaks(structure.rule_references, "reference 3 is not cited")
def break_uncited_reference(chapter):
    edit(chapter, "one answer in ten was right [3]", "one answer in ten was right")


@breaks(structure.rule_references, "reference 2: give its DOI")
def break_reference_without_address(chapter):
    edit(chapter, " https://doi.org/10.1136/bmj.309.6947.102", "")


@breaks(structure.rule_references, "found [1, 2, 4]")
def break_reference_numbers(chapter):
    edit(chapter, "3. Hoffrage", "4. Hoffrage")


@breaks(structure.rule_side_rooms, "nowhere else")
def break_side_room_in_the_path(chapter):
    edit(chapter, "## What an abnormal scan means", "## What an abnormal scan means\n\n### Going deeper: early")


@breaks(structure.rule_side_rooms, "after the quiz")
def break_side_rooms_before_quiz(chapter):
    quiz = chapter.notebook.cells.pop(position(chapter, "## Quiz"))
    chapter.notebook.cells.insert(position(chapter, "## Key points"), quiz)


@breaks(structure.rule_side_rooms, "at most 4")
def break_five_side_rooms(chapter):
    room = position(chapter, "### Going deeper")
    for number in range(4):
        more = copy.deepcopy(chapter.notebook.cells[room])
        more.update(source="### Going deeper: more", id=f"more-{number}")
        chapter.notebook.cells.insert(room + 1, more)


@breaks(structure.rule_side_rooms, "a cell of its own")
def break_two_side_rooms_in_a_cell(chapter):
    cell(chapter, "### Going deeper").source += "\n\n### Going deeper: more"


@breaks(structure.rule_side_rooms, "at most 12")
def break_long_side_room(chapter):
    room = position(chapter, "### Going deeper")
    for number in range(10):
        more = copy.deepcopy(chapter.notebook.cells[room])
        more.update(source="More.", id=f"more-{number}")
        chapter.notebook.cells.insert(room + 1, more)


@breaks(structure.rule_side_rooms, "a claim of its own")
def break_side_room_without_claim(chapter):
    room = position(chapter, "### Going deeper")
    more = copy.deepcopy(chapter.notebook.cells[room])
    more.update(source="### Going deeper: words", id="more")
    chapter.notebook.cells.insert(room + 1, more)


@breaks(structure.rule_side_rooms_skipped, "slide type `skip`")
def break_side_room_on_the_slides(chapter):
    cell(chapter, "odds_before =").metadata["slideshow"]["slide_type"] = "-"


@breaks(structure.rule_slides, "must be one of")
def break_no_slide_type(chapter):
    cell(chapter, "rng =").metadata.pop("slideshow")


@breaks(structure.rule_slides, "must be one of")
def break_unknown_slide_type(chapter):
    cell(chapter, "rng =").metadata["slideshow"]["slide_type"] = "big"


@breaks(structure.rule_slides, "the deck begins here")
def break_deck_without_beginning(chapter):
    chapter.notebook.cells[0].metadata["slideshow"]["slide_type"] = "-"


@breaks(structure.rule_headings, "jumps from level 2 to level 4")
def break_heading_jumps(chapter):
    edit(chapter, "## What an abnormal scan means", "## What an abnormal scan means\n\n#### Bayes")


@breaks(structure.rule_headings, "second title")
def break_second_title(chapter):
    edit(chapter, "## Which test can", "# Which test can")


@breaks(structure.rule_executed, "the chapter is not stored as run")
def break_run_out_of_order(chapter):
    cell(chapter, "rng =").execution_count = 40


@breaks(structure.rule_executed, "the solution is not stored as run")
def break_solution_not_run(chapter):
    chapter.solution.cells[1].execution_count = None


@breaks(structure.rule_no_errors, "wrote to stderr")
def break_warning(chapter):
    output = nbformat.v4.new_output("stream", name="stderr", text="FutureWarning: soon")
    cell(chapter, "rng =").outputs.append(output)


@breaks(structure.rule_no_errors, "NameError")
def break_traceback(chapter):
    output = nbformat.v4.new_output("error", ename="NameError", evalue="x", traceback=[])
    cell(chapter, "rng =").outputs.append(output)


@breaks(structure.rule_static_outputs, "JavaScript")
def break_widget(chapter):
    show_in(cell(chapter, "rng ="), "application/vnd.jupyter.widget-view+json", {"model_id": "1"})


@breaks(structure.rule_static_outputs, "JavaScript")
def break_script(chapter):
    show_in(cell(chapter, "rng ="), "text/html", "<script>draw()</script>")


@breaks(structure.rule_static_outputs, "HTML alone")
def break_html_alone(chapter):
    show_in(cell(chapter, "rng ="), "text/html", "<table></table>")


@breaks(structure.rule_static_outputs, "widget state")
def break_widget_state(chapter):
    chapter.notebook.metadata["widgets"] = {}


UNSTABLE = [
    ("<Dense object at 0x7f3a2b1c4d50>", "a memory address"),
    ("written 2026-03-01 12:30", "a time of day"),
    ("12:30:59 done", "a time of day"),
    ("saved in /home" + "/anna/model.keras", "a path"),
    ("saved in C:" + r"\Users\anna", "a path"),
    ("\r 50%\r100%", "debris"),
    ("\x1b[1mModel\x1b[0m", "debris"),
]
for text, what in UNSTABLE:

    @breaks(structure.rule_stable_outputs, what)
    def break_unstable(chapter, text=text):
        print_in(cell(chapter, "rng ="), text)


@breaks(structure.rule_no_timing, "'execution'")
def break_timed_cell(chapter):
    cell(chapter, "rng =").metadata["execution"] = {"iopub.execute_input": "2026"}


@breaks(structure.rule_no_timing, "'papermill'")
def break_papermill_stamp(chapter):
    chapter.notebook.metadata["papermill"] = {"duration": 3.0}


@breaks(structure.rule_alt_text, "describe the figure")
def break_no_alt_text(chapter):
    cell(chapter, "plt.subplots").metadata.pop("alt")


@breaks(structure.rule_alt_text, "describe the figure")
def break_short_alt_text(chapter):
    cell(chapter, "plt.subplots").metadata["alt"] = "Three curves"


@breaks(structure.rule_figure_width, "1500 pixels")
def break_wide_figure(chapter):
    # Only the head of a PNG file: signature, length and name of the first block, width, height.
    png = "iVBORw0KGgoAAAANSUhEUgAABdwAAAAB"  # 1500 pixels wide, 1 high
    found = cell(chapter, "plt.subplots")
    show_in(found, "image/png", png)


@breaks(structure.rule_size, "at most 1.5 MB")
def break_large_notebook(chapter):
    print_in(cell(chapter, "rng ="), "0.1234 " * 300_000)


@breaks(structure.rule_formulas, "formulas")
def break_latex_brackets(chapter):
    edit(chapter, "Here $s$ is", r"Here \(s\) is")


@breaks(structure.rule_formulas, "formulas")
def break_bare_environment(chapter):
    edit(chapter, "Here $s$ is", "\\begin{equation}s\\end{equation} $s$ is")


@breaks(structure.rule_image_alt, "alternative text")
def break_picture_without_alt(chapter):
    edit(chapter, "Look at the dotted line.", "![](https://example.org/picture.png)")


@breaks(structure.rule_image_alt, "alternative text")
def break_html_picture_without_alt(chapter):
    edit(chapter, "Look at the dotted line.", '<img src="https://example.org/picture.png">')


@breaks(structure.rule_links, "leads nowhere")
def break_dead_link(chapter):
    edit(chapter, "Python functions", "[Python functions](01_background.ipynb)")


@breaks(structure.rule_links, "not copied to readers")
def break_link_readers_do_not_have(chapter):
    edit(chapter, "Python functions", "[Python functions](_toc.yml)")


@breaks(structure.rule_links, "the solution, cell 0")
def break_link_in_solution(chapter):
    chapter.solution.cells[0].source += " [Back](99_fixtures.ipynb)"


AMERICAN = ["tumor", "Normalized", "color", "optimizer", "hematology", "a license", "analyzed", "gray", "in the center"]
for word in AMERICAN:

    @breaks(structure.rule_spelling, word.split()[-1])
    def break_spelling(chapter, word=word):
        edit(chapter, "Look at the dotted line.", f"Look: {word}.")


@breaks(structure.rule_mutations, "three plausible mistakes")
def break_no_mutations(chapter):
    chapter.mutations = None


@breaks(structure.rule_mutations, "three plausible mistakes")
def break_two_mutations(chapter):
    del chapter.mutations[2:]


@breaks(structure.rule_mutations, "it needs cell")
def break_mutation_without_reason(chapter):
    chapter.mutations[0]["why"] = ""


@breaks(structure.rule_mutations, "exactly one code cell")
def break_ambiguous_mutation_cell(chapter):
    chapter.mutations[0]["cell"] = "prevalence"


@breaks(structure.rule_mutations, "must occur once")
def break_mutation_of_nothing(chapter):
    chapter.mutations[0]["find"] = "not there"


@breaks(structure.rule_mutations, "changes nothing")
def break_mutation_without_change(chapter):
    chapter.mutations[0]["replace"] = chapter.mutations[0]["find"]


@breaks(structure.rule_mutations, "exactly one claim")
def break_mutation_of_unknown_claim(chapter):
    chapter.mutations[0]["breaks"] = "A claim nobody makes"


@pytest.mark.parametrize(("rule", "damage", "complaint"), BREAKS, ids=name)
def test_broken_fixture_breaks_one_rule(rule, damage, complaint):
    chapter = copy.deepcopy(FIXTURE)
    damage(chapter)
    complaints = {name(known): known(chapter) for known in structure.RULES}
    assert [known for known, problems in complaints.items() if problems] == [name(rule)]
    assert any(complaint in problem for problem in complaints[name(rule)])


# --- what the rules must let pass ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "The colorectal sample has size 3; resize it. See LICENSE.",
        "It is licensed. The World Health Organization counts.",
        "`optimizer.color` and [a link](https://example.org/color) and $center$",
        "The catalogue of tumorigenic analyses, in metres, with parameters and diameters.",
    ],
)
def test_correct_spelling_passes(text):
    chapter = copy.deepcopy(FIXTURE)
    edit(chapter, "Look at the dotted line.", text)
    assert structure.rule_spelling(chapter) == []


@pytest.mark.parametrize("text", ["in $[0, 1]$", "`x[1]`", "[1](https://example.org)", "[1, 2]", "[1–3]"])
def test_intervals_indices_and_links_are_no_unknown_references(text):
    chapter = copy.deepcopy(FIXTURE)
    edit(chapter, "Look at the dotted line.", text)
    assert structure.rule_references(chapter) == []


def test_claim_for_one_data_set_passes_untagged():
    chapter = copy.deepcopy(FIXTURE)
    break_compared_claim_on_one_data_set(chapter)
    cell(chapter, "margin=").metadata["tags"] = []
    assert [problem for rule in structure.RULES for problem in rule(chapter)] == []


def test_side_rooms_may_stand_at_the_very_end():
    chapter = copy.deepcopy(FIXTURE)
    rooms = slice(position(chapter, "## Side rooms"), position(chapter, "## Key points"))
    chapter.notebook.cells += chapter.notebook.cells[rooms]
    del chapter.notebook.cells[rooms]
    assert [problem for rule in structure.RULES for problem in rule(chapter)] == []


def test_a_reader_finds_the_cell():
    chapter = copy.deepcopy(FIXTURE)
    break_semicolon(chapter)
    (problem,) = structure.rule_semicolon(chapter)
    assert problem.startswith("cell 9 (prevalences = np.logspace(-3, 0, 200))")
