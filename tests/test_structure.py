"""Every chapter keeps the rules of `structure.py`.

Every rule is seen to fail on a broken copy of the fixture chapter, and to leave good chapters of another shape alone.
"""

import copy
import itertools
import tomllib
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
import structure

from course_utils import notebooks

TESTS = Path(__file__).parent
FIXTURE_FOLDER = TESTS / "fixtures" / "chapter"
CHAPTERS = [structure.load(entry, TESTS / "mutations") for entry in notebooks.chapters()]
FIXTURE = structure.load(
    notebooks.table_of_contents(FIXTURE_FOLDER)[0], FIXTURE_FOLDER / "mutations", least_exercises=1
)
EXCUSES = tomllib.loads((TESTS / "excused.toml").read_text("utf-8"))
EXCUSED = EXCUSES["chapters"]
MAY_BE_EXCUSED = {  # written before the newer rules; no other chapter is ever excused
    "00_start_here",
    "03_1_1_convolutional_networks",
    "03_1_2_training_and_optimisation",
    "03_3_1_sequence_alignment",
    "03_3_2_protein_structure_prediction",
    "04_1_image_diagnosis_lab",
    "04_3_biological_sequences_lab",
}
BREAKS = []
GOOD = []


def name(thing):
    return thing.path.stem if isinstance(thing, structure.Chapter) else getattr(thing, "__name__", "")


def problems(chapter, excused=()):
    """Return all problems of all rules, each with the name of its rule."""
    rules = [rule for rule in structure.RULES if name(rule) not in excused]
    return [f"{name(rule)}: {problem}" for rule in rules for problem in rule(chapter)]


@pytest.mark.parametrize("chapter", [FIXTURE, *CHAPTERS], ids=name)
def test_chapter_keeps_the_rules(chapter):
    found = problems(chapter, excused=EXCUSED.get(name(chapter), ()))
    if found:
        pytest.fail("\n".join([f"{len(found)} problems in {chapter.path.name}", *found]), pytrace=False)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=name)
def test_every_excuse_is_still_needed(chapter):
    rules = {name(rule): rule for rule in structure.RULES}
    assert [excuse for excuse in EXCUSED.get(name(chapter), ()) if not rules[excuse](chapter)] == []


def test_only_the_first_chapters_are_excused():
    assert set(EXCUSED) <= MAY_BE_EXCUSED
    known = {name(rule) for rule in structure.RULES}
    assert [excuse for excuses in EXCUSED.values() for excuse in excuses if excuse not in known] == []


def told_twice(chapters):
    """Return the sources of failures that more than one chapter tells in `Where this went wrong`."""
    pairs = itertools.combinations(map(structure.failure_sources, chapters), 2)
    return set().union(*(one & other for one, other in pairs))


def test_each_failure_is_told_in_one_chapter():
    assert told_twice(CHAPTERS) == set(EXCUSES["told_twice"])


def test_a_failure_told_twice_is_noticed():
    chapter = copy.deepcopy(FIXTURE)
    insert(chapter, "## References", words_cell("## Where this went wrong\n\nOne answer in ten was right [2, 3]."))
    addresses = {"https://doi.org/10.1136/bmj.309.6947.102", "https://doi.org/10.1097/00001888-199805000-00024"}
    assert told_twice([chapter, FIXTURE, copy.deepcopy(chapter)]) == addresses
    assert told_twice([chapter, FIXTURE]) == set()


@pytest.mark.parametrize("folder", [notebooks.FOLDER, notebooks.FOLDER / "solutions"], ids=["chapters", "solutions"])
def test_every_notebook_is_in_the_reading_order(folder):
    known = {entry.file for entry in notebooks.table_of_contents()}
    assert {path.stem for path in folder.glob("*.ipynb")} <= known


def test_every_mutation_file_belongs_to_a_chapter():
    known = {entry.file for entry in notebooks.table_of_contents()}
    assert {path.stem for path in (TESTS / "mutations").glob("*.toml")} <= known


@pytest.fixture(autouse=True)
def exercises_of_the_fixture(monkeypatch):
    monkeypatch.setenv("COURSE_EXERCISES", str(FIXTURE_FOLDER / "exercises"))


# --- each rule is seen to fail ---------------------------------------------------------------------------------


def breaks(rule, complaint, alone=False):
    """Mark a function that damages the fixture chapter so that this rule, and only this one, makes this complaint.

    With `alone` the damage takes away what other damages of the rule strike.
    """

    def register(damage):
        BREAKS.append((rule, damage, complaint))
        damage.alone = alone
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


def everywhere(chapter, old, new):
    """Replace a text in the chapter and in its solution."""
    for book in (chapter.notebook, chapter.solution):
        for item in book.cells:
            item.source = item.source.replace(old, new)


def insert(chapter, text, *cells):
    """Put further cells before the one that contains the text."""
    place = position(chapter, text)
    chapter.notebook.cells[place:place] = cells


def words_cell(source, slide="-"):
    return nbformat.v4.new_markdown_cell(source, metadata={"slideshow": {"slide_type": slide}})


def code_cell(source, slide="-"):
    return nbformat.v4.new_code_cell(source, metadata={"slideshow": {"slide_type": slide}})


def as_run(chapter):
    """Count the code cells anew, as a run from top to bottom does."""
    code = [cell for cell in chapter.notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count


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


@breaks(structure.rule_reading_time, "`30 min path / 5 min side rooms`, not '20 min path / 5 min side rooms'")
def break_reading_time_felt(chapter):
    edit(chapter, "30 min path", "20 min path")


@breaks(structure.rule_reading_time, "the computed reading time is `30 min path / 5 min side rooms`")
def break_one_reading_time(chapter):
    edit(chapter, "30 min path / 5 min side rooms", "35 min")


def longer(chapter, minutes):
    """Add prose for so many minutes, and say so on the badge line."""
    insert(chapter, "Look at the dotted line", words_cell("Many words follow here. " * (150 * minutes // 4), "notes"))
    edit(chapter, "30 min path", f"{30 + minutes} min path")


@breaks(structure.rule_reading_time, "the path takes 105 min, at most 100")
def break_long_chapter(chapter):
    longer(chapter, 75)


@breaks(structure.rule_reading_time, "the path takes 115 min, at most 110")
def break_long_lab(chapter):
    longer(chapter, 85)
    chapter.entry = replace(chapter.entry, part="Labs")


@breaks(structure.rule_objectives_tested, "end it with the exercises that test it")
def break_objective_without_exercise(chapter):
    edit(chapter, "of a test (9.9-a);", "of a test;")


@breaks(structure.rule_objectives_tested, "there is no exercise '9.9-c'")
def break_objective_with_unknown_exercise(chapter):
    edit(chapter, "of a test (9.9-a);", "of a test (9.9-a, 9.9-c);")


@breaks(structure.rule_objectives_tested, "exercise 9.9-b tests no objective")
def break_exercise_without_objective(chapter):
    edit(chapter, "(9.9-a, 9.9-b);", "(9.9-a);")
    edit(chapter, "for screening (9.9-b).", "for screening (9.9-a).")


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
    cell(chapter, "rng =").source += "\n" * 20 + "share"


@breaks(structure.rule_plain_code, "not `lambda person: diseased[person]`")
def break_lambda(chapter):
    cell(chapter, "rng =").source += "\nprint(max(range(9), key=lambda person: diseased[person]))"


@breaks(structure.rule_plain_code, "not `[[")
def break_nested_comprehension(chapter):
    cell(chapter, "rng =").source += "\nprint([[i for i in range(j)] for j in range(3)])"


@breaks(structure.rule_plain_code, "not `[i * j")
def break_comprehension_of_two_loops(chapter):
    cell(chapter, "rng =").source += "\nprint([i * j for i in range(2) for j in range(3)])"


@breaks(structure.rule_plain_code, "what `einsum` does")
def break_unexplained_einsum(chapter):
    cell(chapter, "rng =").source += '\nprint(np.einsum("i->", diseased))'


@breaks(structure.rule_repeatable, "`del rng`")
def break_deleted_name(chapter):
    cell(chapter, "odds_before =").source += "\ndel rng"


@breaks(structure.rule_repeatable, "`share = share / 2`")
def break_value_that_changes(chapter):
    cell(chapter, "odds_before =").source += "\nshare = share / 2"


@breaks(structure.rule_repeatable, "`share *= 2`")
def break_value_that_grows(chapter):
    cell(chapter, "odds_before =").source += "\nfor _ in range(3):\n    share *= 2"


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
    found.source = f"text = {found.source.splitlines()[1].strip(' ,')}\nclaim(text, distance < 1)"
    chapter.mutations[2]["breaks"] = "In the check-up"


@breaks(structure.rule_claim_computed, "tests nothing that the chapter has computed")
def break_claim_about_bare_numbers(chapter):
    edit(chapter, "np.isclose(odds_after, 231 / 32)", "np.isclose(7.21875, 231 / 32)")


@breaks(structure.rule_benchmarks_named, "name the command that wrote the table")
def break_table_from_nowhere(chapter):
    cell(chapter, "rng =").source += '\nstored = open("benchmarks/results/scan.csv").read()'


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


@breaks(structure.rule_hidden_code, "are folded: run")
def break_claim_in_sight(chapter):
    del cell(chapter, "margin=").metadata["jupyter"]


@breaks(structure.rule_hidden_code, "plt.subplots")
def break_plot_in_sight(chapter):
    del cell(chapter, "plt.subplots").metadata["jupyter"]


@breaks(structure.rule_hidden_code, "only claims and cells that only plot")
def break_lesson_out_of_sight(chapter):
    cell(chapter, "rng =").metadata["jupyter"] = {"source_hidden": True}


@breaks(structure.rule_predictions, "would give the answer away")
def break_answer_beside_the_question(chapter):
    cell(chapter, "**Before you run it:** you may").source += "\n\nIt is the specificity."


@breaks(structure.rule_predictions, "would give the answer away")
def break_two_questions_in_a_cell(chapter):
    cell(chapter, "**Before you run it:** you may").source += " **Before you run it:** and why?"


@breaks(structure.rule_predictions, "the result stands on the slide of the question")
def break_result_beside_the_question(chapter):
    cell(chapter, "prevalences = np.logspace").metadata["slideshow"]["slide_type"] = "-"


@breaks(structure.rule_predictions, "the answer, in words")
def break_prediction_without_answer(chapter):
    cell(chapter, "Look at the dotted line").source = "Look at the dotted line. And now:"


@breaks(structure.rule_predictions, "(found 1)", alone=True)
def break_one_prediction(chapter):
    edit(chapter, "**Before you run it:** you may", "You may")


@breaks(structure.rule_predictions, "in the next cell")
def break_prediction_without_code(chapter):
    found = chapter.notebook.cells.pop(position(chapter, "**Before you run it:** you may"))
    chapter.notebook.cells.insert(position(chapter, "Look at the dotted line"), found)


@breaks(structure.rule_exercise_ids, "found ['9.9-a', '9.9-c']")
def break_exercise_out_of_order(chapter):
    everywhere(chapter, "9.9-b", "9.9-c")


@breaks(structure.rule_exercise_ids, "3 exercises or more; found 2")
def break_few_exercises(chapter):
    chapter.least_exercises = 3


@breaks(structure.rule_exercise_checks, "must end with")
def break_exercise_without_check(chapter):
    edit(chapter, 'exercises.check("9.9-a", negative_predictive_value)', "print()")


@breaks(structure.rule_exercise_checks, "must end with")
def break_check_of_another_exercise(chapter):
    edit(chapter, 'check("9.9-a"', 'check("9.9-b"')


@breaks(structure.rule_exercise_stubs, "leave a stub")
def break_exercise_solved(chapter):
    found = cell(chapter, "def negative_predictive_value")
    found.source = found.source.replace("    ...\n", "    return specificity\n")


@breaks(structure.rule_exercise_stubs, "on a line of its own")
def break_stub_in_one_line(chapter):
    found = cell(chapter, "def negative_predictive_value")
    found.source = f"def negative_predictive_value(a, b, c): ...\n\n\n{found.source.splitlines()[-1]}"


@breaks(structure.rule_exercise_builds, "tag its code cell `builds`")
def break_nothing_to_build(chapter):
    cell(chapter, "def call_back").metadata["tags"] = []


@breaks(structure.rule_exercise_builds, "a function is written, or its check has a `requirement`")
def break_a_number_to_build(chapter):
    cell(chapter, "def call_back").metadata["tags"] = []
    found = cell(chapter, "def negative_predictive_value")
    found.metadata["tags"] = ["builds"]
    found.source = f"negative_predictive_value = ...\n\n{found.source.splitlines()[-1]}"


@breaks(structure.rule_exercise_hints, "fold a hint")
def break_exercise_without_hint(chapter):
    everywhere(chapter, "<summary>Hint", "<summary>More")


@breaks(structure.rule_exercise_hints, "of some words")
def break_hint_without_help(chapter):
    everywhere(chapter, "Count two groups as shares of all who are tested: the healthy with a normal scan, and ", "")
    everywhere(chapter, "the diseased with a normal scan.\n\n</details>", "Think.\n\n</details>")


@breaks(structure.rule_exercise_texts, "what is given and what is asked for")
def break_exercise_without_a_task(chapter):
    text = cell(chapter, "### Exercise 9.9-b").source
    start, end = text.index("Two radiologists"), text.index("<details>")
    everywhere(chapter, text[start:end], "Combine both readings.\n\n")


@breaks(structure.rule_exercise_unused, "a later cell uses")
def break_exercise_used_later(chapter):
    cell(chapter, "odds_before =").source += "\nnegative_predictive_value(0.9, 0.6, 0.1)"


@breaks(structure.rule_exercise_unsolved, "not attempted yet")
def break_solved_exercise_stored(chapter):
    cell(chapter, "def call_back").outputs[0].text = "✓ correct\n"


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


@breaks(structure.rule_solution_solved, "say below the code why it is right")
def break_solution_without_reason(chapter):
    chapter.solution.cells.pop()


@breaks(structure.rule_quiz, "three to five questions")
def break_two_questions(chapter):
    found = cell(chapter, "## Quiz")
    found.source = found.source.split("**Question 3.**")[0]


@breaks(structure.rule_quiz, "missing: ['C']")
def break_unexplained_option(chapter):
    edit(chapter, "**C** would hold for sensitivity", "It would hold for sensitivity")


@breaks(structure.rule_quiz, "missing: ['A']")
def break_option_called_wrong_and_no_more(chapter):
    found = cell(chapter, "## Quiz")
    start, end = found.source.index("**A** takes the share"), found.source.index("**B** is the share")
    found.source = f"{found.source[:start]}**A** is wrong. {found.source[end:]}"


@breaks(structure.rule_quiz, "must say once `**A** is right`; found []")
def break_right_option_not_named(chapter):
    edit(chapter, "**C** is right: the prevalence", "**C**: the prevalence")


@breaks(structure.rule_quiz, "must say once `**A** is right`; found ['C', 'A']")
def break_two_right_options(chapter):
    edit(chapter, "**A** takes the share", "**A** is right: it takes the share")


@breaks(structure.rule_quiz_guessing, "is always C")
def break_always_the_same_letter(chapter):
    found = cell(chapter, "## Quiz")
    head, first, second, third = found.source.split("**Question ")
    swapped = [second.translate(str.maketrans("BC", "CB")), third.translate(str.maketrans("AC", "CA"))]
    swapped = [text.replace("Chis", "This").replace("<summary>Cnswer", "<summary>Answer") for text in swapped]
    found.source = "**Question ".join([head, first, *swapped])


@breaks(structure.rule_quiz_guessing, "the longest in questions [2, 3]")
def break_longest_is_right(chapter):
    edit(chapter, "The test must first get a higher sensitivity", "The test needs more")


@breaks(structure.rule_quiz, "the answer in <details>")
def break_quiz_without_answer(chapter):
    found = cell(chapter, "## Quiz")
    start, end = found.source.index("<details>"), found.source.index("</details>")
    found.source = found.source[:start] + found.source[end + len("</details>") :]


@breaks(structure.rule_last_sections, "end with the sections")
def break_references_before_key_points(chapter):
    chapter.notebook.cells[-3:-1] = chapter.notebook.cells[-2:-4:-1]


@breaks(structure.rule_last_sections, "end with the sections")
def break_section_after_the_last(chapter):
    chapter.notebook.cells[-1].source += "\n\n## Outlook\n\nMore."


@breaks(structure.rule_key_points, "three sentences or more")
def break_key_points_without_words(chapter):
    edit(chapter, "- Report the prevalence beside every predictive value.", "- Prevalence.")


@breaks(structure.rule_failure_sourced, "cites the source")
def break_failure_from_hearsay(chapter):
    insert(chapter, "## References", words_cell("## Where this went wrong\n\nSomewhere a test was misread."))


@breaks(structure.rule_next, "with a link to solutions/99_fixture.ipynb")
def break_no_next(chapter):
    chapter.notebook.cells.pop()


@breaks(structure.rule_next, "names the chapter that follows, 1 Background")
def break_unnamed_follower(chapter):
    chapter.entry = replace(
        notebooks.table_of_contents()[0], **{key: vars(chapter.entry)[key] for key in ("number", "title", "section")}
    )


@breaks(structure.rule_sections_explain, "'One more' explains nothing")
def break_section_of_code_alone(chapter):
    insert(chapter, "## Quiz", words_cell("## One more", "slide"), code_cell("print(share)"))
    as_run(chapter)


@breaks(structure.rule_references, "[4] is not among")
def break_unknown_reference(chapter):
    edit(chapter, "estimated predictive values", "estimated [4] predictive values")


@breaks(structure.rule_references, "reference 3 is not cited")
def break_uncited_reference(chapter):
    edit(chapter, "one answer in ten was right [3]", "one answer in ten was right")


@breaks(structure.rule_references, "reference 2: give its DOI")
def break_reference_without_address(chapter):
    edit(chapter, " https://doi.org/10.1136/bmj.309.6947.102", "")


@breaks(structure.rule_references, "found [1, 2, 4]", alone=True)
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


@breaks(structure.rule_side_rooms, "a cell of its own", alone=True)
def break_two_side_rooms_in_a_cell(chapter):
    cell(chapter, "### Going deeper").source += "\n\n### Going deeper: more"


@breaks(structure.rule_side_rooms, "at most 12")
def break_long_side_room(chapter):
    room = position(chapter, "### Going deeper")
    for number in range(10):
        more = copy.deepcopy(chapter.notebook.cells[room])
        more.update(source="More.", id=f"more-{number}")
        chapter.notebook.cells.insert(room + 1, more)


@breaks(structure.rule_side_rooms, "without a room")
def break_no_room(chapter):
    for text in ("### Going deeper", "odds_before =", "The odds after"):
        chapter.notebook.cells.remove(cell(chapter, text))
    chapter.mutations.pop()
    insert(chapter, "## Key points", words_cell("## Side rooms", "skip"))
    as_run(chapter)


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


@breaks(structure.rule_slides_short, "words on a slide, at most 110")
def break_slide_full_of_words(chapter):
    edit(chapter, "Look at the dotted line.", "Look at the dotted line. " + "Many words follow here. " * 20)


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


@breaks(structure.rule_metadata, "'execution' was left by a tool")
def break_timed_cell(chapter):
    cell(chapter, "rng =").metadata["execution"] = {"iopub.execute_input": "2026"}


@breaks(structure.rule_metadata, "'lines_to_next_cell' was left by a tool")
def break_debris_of_jupytext(chapter):
    chapter.solution.cells[1].metadata["lines_to_next_cell"] = 1


@breaks(structure.rule_metadata, "the solution: metadata 'jupytext'")
def break_jupytext_header(chapter):
    chapter.solution.metadata["jupytext"] = {}


@breaks(structure.rule_metadata, "the chapter: metadata 'papermill'")
def break_papermill_stamp(chapter):
    chapter.notebook.metadata["papermill"] = {"duration": 3.0}


@breaks(structure.rule_metadata, "the chapter: metadata 'widgets'")
def break_widget_state(chapter):
    chapter.notebook.metadata["widgets"] = {}


@breaks(structure.rule_metadata, "`source_hidden` alone")
def break_outputs_out_of_sight(chapter):
    cell(chapter, "margin=").metadata["jupyter"]["outputs_hidden"] = True


@breaks(structure.rule_metadata, "metadata 'course' holds `slide`")
def break_word_about_the_deck(chapter):
    cell(chapter, "margin=").metadata["course"] = {"deck": "perhaps"}


@breaks(structure.rule_alt_text, "describe the figure")
def break_no_alt_text(chapter):
    cell(chapter, "plt.subplots").metadata.pop("alt")


@breaks(structure.rule_alt_text, "describe the figure")
def break_short_alt_text(chapter):
    cell(chapter, "plt.subplots").metadata["alt"] = "Three curves"


@breaks(structure.rule_figures_stored, "stores none")
def break_figure_not_stored(chapter):
    cell(chapter, "plt.subplots").outputs = []


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
    edit(chapter, "Here $S_e$ is", r"Here \(s\) is")


@breaks(structure.rule_formulas, "formulas")
def break_bare_environment(chapter):
    edit(chapter, "Here $S_e$ is", "\\begin{equation}s\\end{equation} $S_e$ is")


ON_GITHUB = [
    r"$a\,b$",
    r"$$a\;b$$",
    r"$a\!b$",
    r"$\{a\}$",
    r"$\|a\|$",
    r"$a\:b$",
    r"$a\ b$",
    r"$$a \\ b$$",
    r"$\operatorname{var} a$",
]
for formula in ON_GITHUB:

    @breaks(structure.rule_formulas_on_github, "GitHub breaks")
    def break_formula_on_github(chapter, formula=formula):
        edit(chapter, "Look at the dotted line.", f"Look at {formula}.")


SYMBOLS = [
    "a threshold $t$",
    "two thresholds $t_1$ and more",
    "$s$ is the sensitivity",
    "the specificity $c$",
    "prevalence $\\pi'$",
    "$p$, the mean, and $p$ the prevalence",
    "a temperature $T$",
    "the standard deviation $s_j$",
]
for phrase in SYMBOLS:

    @breaks(structure.rule_notation, "docs/notation.md writes the")
    def break_notation(chapter, phrase=phrase):
        edit(chapter, "Look at the dotted line.", f"Look: {phrase}.")


@breaks(structure.rule_abbreviations, "spell out AUC where it first stands: area under the ROC curve (AUC)")
def break_abbreviation_before_its_words(chapter):
    edit(chapter, "Look at the dotted line.", "Look at its AUC.\n\nAUC stands for area under the ROC curve.")


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


@breaks(structure.rule_chapter_numbers, "no chapter 3.9.1")
def break_unknown_chapter(chapter):
    edit(chapter, "Look at the dotted line.", "Look: chapter 3 of a book, chapters 3.1.1 and chapter 3.9.1.")


AMERICAN = ["tumor", "Normalized", "color", "optimizer", "hematology", "a license", "analyzed", "gray", "in the center"]
for word in AMERICAN:

    @breaks(structure.rule_spelling, word.split()[-1])
    def break_spelling(chapter, word=word):
        edit(chapter, "Look at the dotted line.", f"Look: {word}.")


@breaks(structure.rule_mutations, "three plausible mistakes")
def break_no_mutations(chapter):
    chapter.mutations = []


@breaks(structure.rule_mutations, "three plausible mistakes")
def break_two_mutations(chapter):
    del chapter.mutations[2:]


@breaks(structure.rule_mutations, "break one claim only")
def break_mutations_of_one_claim(chapter):
    chapter.mutations = [chapter.mutations[0], chapter.mutations[1], chapter.mutations[0]]


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


def damaged(rule, *damages):
    """Return a damaged copy of the fixture. Its reading time stays right, unless it is what the damage is about."""
    chapter = copy.deepcopy(FIXTURE)
    for damage in damages:
        damage(chapter)
    if rule is not structure.rule_reading_time:
        correct_time(chapter)
    return chapter


def correct_time(chapter):
    path, rooms = notebooks.reading_minutes(chapter.notebook)
    first = chapter.notebook.cells[0]
    text = f"{path} min path / {f'{rooms} min' if rooms else 'no'} side rooms"
    first.source = first.source.replace("30 min path / 5 min side rooms", text)


@pytest.mark.parametrize(("rule", "damage", "complaint"), BREAKS, ids=name)
def test_broken_fixture_breaks_one_rule(rule, damage, complaint):
    chapter = damaged(rule, damage)
    complaints = {name(known): known(chapter) for known in structure.RULES}
    assert [known for known, problems in complaints.items() if problems] == [name(rule)]
    assert any(complaint in problem for problem in complaints[name(rule)])


def places(damage):
    """Return where a damage strikes: the cells it changes, or None if it moves cells or strikes elsewhere."""
    chapter = damaged(structure.rule_reading_time, damage)
    books = [(chapter.notebook, FIXTURE.notebook), (chapter.solution, FIXTURE.solution)]
    if chapter.solution is None or any(len(book.cells) != len(whole.cells) for book, whole in books):
        return None
    return {cell.id for book, whole in books for cell, old in zip(book.cells, whole.cells, strict=True) if cell != old}


def pairs_of_faults():
    """Return pairs of damages against the same rule that strike different cells."""
    found = [(rule, damage, complaint, places(damage)) for rule, damage, complaint in BREAKS if not damage.alone]
    return [
        (one[0], one[1:3], other[1:3])
        for one, other in itertools.combinations(found, 2)
        if one[0] is other[0] and one[3] and other[3] and not one[3] & other[3]
    ]


@pytest.mark.parametrize(("rule", "one", "other"), pairs_of_faults(), ids=lambda thing: name(thing))
def test_a_rule_reports_more_than_its_first_fault(rule, one, other):
    found = rule(damaged(rule, one[0], other[0]))
    assert all(any(complaint in problem for problem in found) for _, complaint in (one, other)), found


def odd_notebooks():
    """Yield chapters that an author might have for a moment; no rule may fall over them."""
    empty, words, code, bare = (copy.deepcopy(FIXTURE) for _ in range(4))
    empty.notebook.cells.clear()
    words.notebook.cells = [words_cell("Words.")]
    code.notebook.cells = [code_cell("this is no Python"), code_cell("")]
    bare.solution, bare.mutations = None, []
    for found in bare.notebook.cells:
        found.metadata.clear()
        found.source = found.source.replace("#", "").replace("**", "")
    half = copy.deepcopy(FIXTURE)
    half.solution.cells.clear()
    del half.notebook.cells[len(half.notebook.cells) // 2 :]
    return [empty, words, code, bare, half]


@pytest.mark.parametrize("chapter", odd_notebooks(), ids=["empty", "words", "code", "bare", "half"])
def test_no_rule_falls_over_an_unfinished_chapter(chapter):
    assert problems(chapter)


# --- the pages of the site keep the rules for formulas and symbols, too ----------------------------------------

PAGES = sorted((notebooks.ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_formulas_of_a_page_survive_on_github(page):
    assert structure.broken_on_github(page.read_text("utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_keeps_the_notation(page):
    assert structure.misnamed(page.read_text("utf-8")) == []


def test_the_page_of_notation_names_every_watched_quantity():
    assert set(structure.quantities()) == set(structure.WATCHED)


def test_abbreviations_come_from_the_glossary():
    assert structure.abbreviations()["AUC"] == "area under the ROC curve"


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


def good(edit):
    """Mark a function that makes another chapter of the fixture, which is as good."""
    GOOD.append(edit)
    return edit


@good
def claim_for_one_data_set(chapter):
    break_compared_claim_on_one_data_set(chapter)
    cell(chapter, "margin=").metadata["tags"] = []


@good
def side_rooms_at_the_very_end(chapter):
    rooms = slice(position(chapter, "## Side rooms"), position(chapter, "## Key points"))
    last, moved = chapter.notebook.cells[-1:], chapter.notebook.cells[rooms]
    chapter.notebook.cells[rooms] = []
    chapter.notebook.cells[-1:] = [*last, *moved]


@good
def no_side_rooms(chapter):
    rooms = slice(position(chapter, "## Side rooms"), position(chapter, "## Key points"))
    del chapter.notebook.cells[rooms], chapter.mutations[3]


@good
def two_side_rooms(chapter):
    start = position(chapter, "### Going deeper")
    room = copy.deepcopy(chapter.notebook.cells[start : start + 3])
    for number, item in enumerate(room):
        item.id = f"second-{number}"
    room[0].source = "### Going deeper: odds again\n\nThe same once more, for a test with another likelihood ratio."
    room[1].source, room[2].source = "odds_then = odds_after / 2", 'claim("Half the odds", odds_then < odds_after)'
    room[2].outputs[0].text = "✓ Half the odds\n"
    chapter.notebook.cells[start + 3 : start + 3] = room
    as_run(chapter)


@good
def six_exercises(chapter):
    for book in (chapter.notebook, chapter.solution):
        first = next(i for i, item in enumerate(book.cells) if "### Exercise 9.9-b" in item.source)
        for letter in "fedc":
            more = copy.deepcopy(book.cells[first : first + 2])
            for number, item in enumerate(more):
                item.id = f"exercise-{letter}-{number}"
                item.source = item.source.replace("9.9-b", f"9.9-{letter}")
            book.cells[first + 2 : first + 2] = more
        count = itertools.count(1)
        for item in book.cells:
            if item.cell_type == "code":
                item.execution_count = next(count)
    edit(chapter, "of a test (9.9-a);", "of a test (9.9-a, 9.9-c, 9.9-d, 9.9-e,\n  9.9-f);")


@good
def one_objective_for_all_exercises(chapter):
    edit(chapter, "of a test (9.9-a);", "of a test (9.9-a, 9.9-b);")


@good
def a_failure_with_its_source(chapter):
    text = "## Where this went wrong\n\nOf 48 physicians few gave the right answer [3]."
    insert(chapter, "## References", words_cell(text, "slide"))


@good
def a_lab_of_110_minutes(chapter):
    longer(chapter, 80)
    chapter.entry = replace(chapter.entry, part="Labs")


@good
def words_between_exercise_and_hint(chapter):
    for book in (chapter.notebook, chapter.solution):
        text = next(item for item in book.cells if "### Exercise 9.9-a" in item.source)
        text.source, hint = text.source.split("<details>")
        place = next(i for i, item in enumerate(book.cells) if 'check("9.9-a"' in item.source) + 1
        between = words_cell("Take your time. When the check is not content, look below.")
        book.cells[place:place] = [between, words_cell("<details>" + hint)]


@good
def a_quiz_of_five_questions_in_cells_of_their_own(chapter):
    found = cell(chapter, "## Quiz")
    head, *questions = found.source.split("**Question ")
    found.source = head.strip()
    parts = [*questions, questions[0].replace("1.", "4.", 1), questions[2].replace("3.", "5.", 1)]
    insert(chapter, "## Side rooms", *(words_cell(f"**Question {part}", "subslide") for part in parts))


@good
def options_explained_together(chapter):
    found = cell(chapter, "## Quiz")
    start, end = found.source.index("**A** takes the share"), found.source.index("</details>")
    found.source = f"{found.source[:start]}**A** and **B** forget who is tested.\n\n{found.source[end:]}"


@good
def answer_under_a_heading(chapter):
    edit(chapter, "Look at the dotted line.", "### What the curves say\n\nLook at the dotted line.")


@good
def a_claim_before_the_answer(chapter):
    claim = cell(chapter, "margin=")
    chapter.notebook.cells.remove(claim)
    insert(chapter, "Look at the dotted line", claim)
    as_run(chapter)


@good
def a_hint_beside_the_prediction(chapter):
    found = cell(chapter, "**Before you run it:** you may")
    found.source += "\n\n<details><summary>Hint</summary>\n\nWho fills the waiting room?\n\n</details>"


@good
def a_number_that_is_built(chapter):
    found = cell(chapter, "def call_back")
    found.source = f"call_back = ...\n\n{found.source.splitlines()[-1]}"


@good
def a_plot_that_also_computes_stays_in_sight(chapter):
    found = cell(chapter, "plt.subplots")
    found.source = found.source.replace("plt.show()", "plt.show()\nprint(len(curves))")
    del found.metadata["jupyter"]


@good
def words_known_from_the_start(chapter):
    text = "Magnetic resonance\nimaging (MRI) is slower. With MRIs one waits. `CT` and $CT$ are code and formula."
    edit(chapter, "Look at the dotted line.", text)


@good
def symbols_of_the_page(chapter):
    text = "With $S_e$ the sensitivity, threshold $\\tau$, thresholds $\\tau_1$, a temperature $T_{\\mathrm{c}}$, "
    text += "logit $o$, logits $o_i$, prevalence $\\pi_{\\text{target}}$, a threshold $\\ge 0.5$, $s$ a score."
    edit(chapter, "Look at the dotted line.", text)


@good
def einsum_after_its_words(chapter):
    edit(
        chapter,
        "The formula speaks of shares.",
        "The formula speaks of shares. `einsum` sums over the letters it names.",
    )
    cell(chapter, "rng =").source += '\nprint(np.einsum("i->", 1.0 * diseased))'


@good
def names_made_in_their_cell(chapter):
    cell(chapter, "rng =").source += "\nshare = share * 100\nshare += 1\nhalf = share / 2\ndel half"


@good
def a_table_with_its_command(chapter):
    cell(chapter, "rng =").source += '\nstored = open("benchmarks/results/scan.csv").read()'
    edit(chapter, "Look at the dotted line.", "Look at the table of `python benchmarks/scan.py`.")


@good
def a_paragraph_in_the_notes(chapter):
    insert(chapter, "Look at the dotted line", words_cell("For the speaker. " * 60, "notes"))


@good
def a_section_of_one_sentence(chapter):
    text = "## One more\n\nHere is one more number, the share that was counted above, once again."
    insert(chapter, "## Quiz", words_cell(text, "slide"))


@pytest.mark.parametrize("change", GOOD, ids=name)
def test_good_chapters_of_another_shape_pass(change):
    chapter = copy.deepcopy(FIXTURE)
    change(chapter)
    correct_time(chapter)
    assert problems(chapter) == []


def test_a_reader_finds_the_cell():
    chapter = copy.deepcopy(FIXTURE)
    break_semicolon(chapter)
    (problem,) = structure.rule_semicolon(chapter)
    assert problem.startswith("cell 12 (fig, ax = plt.subplots(figsize=(7, 4)))")
