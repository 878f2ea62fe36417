import pytest

from backend.cli import main


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--osc-allow", "everybody"],
        ["run", "--osc-tcp", "here"],
        ["run", "--osc", "off", "--osc-tcp", "9001"],
        ["run", "--presets", "off", "--restore"],
        ["run", "--restore", "much"],
        ["run", "--name", "../left"],
        ["run", "--superv"],
        ["render", "in.mp4", "out.mp4", "--prompt-fade", "1"],
        ["run", "--pipeline", "nonesuch"],
        ["run", "--control", "nonesuch"],
        ["run", "--scale", "much"],
        ["run", "--osc", "here"],
        ["run", "--osc", "127.0.0.1:99999"],
        ["run", "--oscquery", "here"],
        ["run", "--fps", "0"],
        ["run", "--fps", "inf"],
        ["run", "--fps", "nan"],
        ["run", "--fps", "1e-9"],
        ["run", "--fps", "1e6"],
        ["run", "--fps", "-30"],
        ["run", "--width", "-16"],
        ["run", "--seconds", "nan"],
        ["bench", "--size", "big"],
        ["layouts", "there", "--osc", "off"],
        ["layouts"],
        ["nonesuch"],
        [],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_two_and_one_line_after_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(arguments)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "error:" in printed.err.splitlines()[-1]


@pytest.mark.parametrize("command", [["run"], ["render", "in.mp4", "out.mp4"]])
@pytest.mark.parametrize(
    ("option", "text", "near"), [("--mask-source", "persn", "person"), ("--control-source", "spot:lines", "spout:")]
)
def test_a_source_that_means_nothing_is_wrong_usage(command, option, text, near, capsys):
    with pytest.raises(SystemExit) as ended:
        main.main([*command, option, text])
    assert ended.value.code == 2
    assert f"did you mean {near}?" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("fps", ["inf", "1e-9", "240.5"])
def test_a_rate_that_cannot_be_shown_is_told_with_what_can(fps, capsys):
    with pytest.raises(SystemExit):
        main.main(["run", "--fps", fps])
    assert f"--fps takes 1 to 240 frames a second, got {fps}" in capsys.readouterr().err.replace("1e-09", "1e-9")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--sorce", "testcard:"], "--sorce testcard:; did you mean --source?"),
        (["run", "--sorce=testcard:"], "did you mean --source?"),
        (["run", "--supervize"], "did you mean --supervise?"),
        (["render", "in.mp4", "out.mp4", "--prompts", "ice"], "did you mean --prompt?"),
        (["rnder", "in.mp4"], "did you mean render?"),
        (["run", "--pipeline", "pokcet"], "did you mean pocket?"),
    ],
    ids=str,
)
def test_a_typo_is_told_what_was_perhaps_meant(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(said)


def test_what_is_like_nothing_is_told_without_a_guess(capsys):
    with pytest.raises(SystemExit):
        main.main(["run", "--xyzzy"])
    assert "did you mean" not in capsys.readouterr().err


def test_a_command_s_error_shows_the_usage_of_that_command(capsys):
    with pytest.raises(SystemExit):
        main.main(["run", "--xyzzy"])
    assert "start.py run" in capsys.readouterr().err.splitlines()[-1]
