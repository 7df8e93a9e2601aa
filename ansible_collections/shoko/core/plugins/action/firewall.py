"""The controller's half of ``shoko.core.firewall``: prove a change over new connections, or see it undone."""

from __future__ import annotations

import time

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.shoko.core.plugins.plugin_utils.asking import attempt
from ansible_collections.shoko.core.plugins.plugin_utils.probing import Target, ask_all, of_connection, of_inventory
from ansible_collections.shoko.core.plugins.plugin_utils.rendering import render

_RENDERED = ("template", "content", "vars")
_FORWARDED = ("boot_file", "tables", "bound", "forwarding", "windows", "permits", "state_dir")
_OPTIONS = {*_RENDERED, *_FORWARDED, "through", "confirm_command"}
_STATE = ["cat", "/run/shoko-firewall/state"]  # readable for everybody, so the probe needs no rights
_ATTEMPT = 5.0  # seconds for one new connection, at least
_ATTEMPTS = 10  # of a long bound: a host that is given minutes is one that answers late
_PAUSE = 0.25  # seconds between two attempts
_RESERVE = 3.0  # seconds of the bound kept for the confirmation itself
_AFTER = 20.0  # seconds after the bound within which the former rules must be seen again

display = Display()


class Cut(Exception):
    """The change was not proven; the text says what no longer answers."""


class ActionModule(ActionBase):
    """Renders, lets the host begin the change, probes, and confirms or reports."""

    TRANSFERS_FILES = False

    _attempt = _ATTEMPT

    def run(self, tmp=None, task_vars=None):
        """Run the task."""
        result = super().run(tmp, task_vars)
        del tmp
        task_vars = task_vars or {}
        args = self._checked_arguments()
        module_args = {key: args[key] for key in _FORWARDED if key in args}
        module_args["content"] = self._text(args, task_vars)
        # The other two steps may be asked for twice: a change is begun anew, what was confirmed stays.
        compared = self._module({**module_args, **attempt(), "step": "compare"}, task_vars)
        apply = compared.pop("apply", False)
        result.update(compared)
        if compared.get("failed") or self._task.check_mode or not apply:
            return result
        bound = int(args.get("bound") or 20)
        self._attempt = max(_ATTEMPT, bound / _ATTEMPTS)
        host = of_connection(task_vars.get("inventory_hostname", ""), self._connection)
        through = self._through(args, task_vars)
        started = time.monotonic()
        began = self._module({**module_args, "step": "begin"}, task_vars)
        if began.get("failed") or not began.get("ident"):
            return {**result, **began}
        self._forget_connection()
        try:
            probed = self._prove(host, through, began["ident"], args, started + bound - _RESERVE)
            self._confirm(module_args, began["ident"], task_vars)
        except Cut as cut:
            self._forget_connection()
            # No chained cause: Ansible would print the same words twice.
            raise AnsibleActionFail(self._wait_for_undo(host, began["ident"], str(cut), started, bound)) from None
        return {**result, "changed": True, "ident": began["ident"], "probed": probed}

    # --- the task ---

    def _checked_arguments(self) -> dict:
        args = self._task.args
        unknown = sorted(set(args) - _OPTIONS)
        if unknown:
            raise AnsibleActionFail(
                f"firewall: unknown option {', '.join(unknown)} (allowed: {', '.join(sorted(_OPTIONS))})"
            )
        if ("template" in args) == ("content" in args):
            raise AnsibleActionFail("firewall: give exactly one of template and content")
        if int(args.get("bound") or 20) < _RESERVE + _ATTEMPT:
            raise AnsibleActionFail(f"firewall: bound: at least {_RESERVE + _ATTEMPT:.0f} seconds are needed to probe")
        return args

    def _text(self, args: dict, task_vars: dict) -> str:
        if "content" in args:
            return str(args["content"])
        return render(
            self, args["template"], args.get("boot_file") or "/etc/nftables.conf", args.get("vars"), task_vars
        )

    def _through(self, args: dict, task_vars: dict) -> list[Target]:
        """Return the targets behind the host that answer now; one that does not cannot tell who cut it off."""
        names = args.get("through") or []
        targets = [of_inventory(name, task_vars["hostvars"], self._connection) for name in names]
        answers = ask_all(targets, ["true"], self._attempt)
        for name, answer in answers.items():
            if not answer.ok:
                # By the display: callbacks cannot show plain text that stands in a result's `warnings`.
                display.warning(
                    f"firewall: {name} did not answer before the change ({answer.text}), so the way to it is not proven"
                )
        return [target for target in targets if answers[target.name].ok]

    def _module(self, module_args: dict, task_vars: dict) -> dict:
        return self._execute_module(module_name="shoko.core.firewall", module_args=module_args, task_vars=task_vars)

    def _forget_connection(self) -> None:
        """Close the multiplexed connection: what follows must not ride on one that was open before."""
        if self._connection.transport == "ssh":
            self._connection.reset()

    # --- proof ---

    def _prove(self, host: Target, through: list[Target], ident: str, args: dict, deadline: float) -> list[str]:
        """Return what answered a new connection after the change; raise Cut with what did not."""
        word, text = self._state(host, ident, {"applied", "refused"}, deadline)
        if word == "refused":
            raise AnsibleActionFail(f"firewall: the host refused the ruleset, nothing was changed: {text}")
        if word:
            # The connection that saw "applied" may have begun before it; this one does not.
            word, text = self._state(host, ident, {"applied"}, deadline)
        if not word:
            raise Cut(f"no new connection to {host.name} ({text})")
        waiting = list(through)
        while waiting:
            answers = ask_all(waiting, ["true"], min(self._attempt, deadline - time.monotonic()))
            waiting = [target for target in waiting if not answers[target.name].ok]
            if waiting and time.monotonic() + _PAUSE >= deadline:
                cut = ", ".join(f"{target.name} ({answers[target.name].text})" for target in waiting)
                raise Cut(f"no new connection through {host.name} to {cut}")
            time.sleep(_PAUSE if waiting else 0)
        command = [str(word) for word in args.get("confirm_command") or []]
        while command and not (answer := host.ask(command, min(self._attempt, deadline - time.monotonic()))).ok:
            if time.monotonic() + _PAUSE >= deadline:
                raise Cut(f"{' '.join(command)} failed on {host.name} ({answer.text})")
            time.sleep(_PAUSE)
        return [host.name, *(target.name for target in through), *([" ".join(command)] if command else [])]

    def _state(self, host: Target, ident: str, words: set[str], deadline: float) -> tuple[str, str]:
        """Ask over new connections how the change stands, until it is one of ``words`` or time is over."""
        text = "no attempt"
        while (left := deadline - time.monotonic()) > 0:
            answer = host.ask(_STATE, min(self._attempt, left))
            word, _, rest = answer.text.partition(" ")
            found, _, said = rest.partition(" ")
            # "loaded" has no name: the host started, and the change with its name is forgotten.
            if answer.ok and word in words and (found == ident or word == "loaded"):
                return word, said
            if left > 1 or text == "no attempt":  # the last, cut short attempt says nothing
                text = answer.text
            time.sleep(_PAUSE)
        return "", text

    def _confirm(self, module_args: dict, ident: str, task_vars: dict) -> None:
        try:
            answer = self._module({**module_args, "step": "confirm", "ident": ident}, task_vars)
        except AnsibleConnectionFailure as error:
            raise Cut(f"the confirmation did not reach the host ({error})") from error
        if answer.get("failed") or answer.get("unreachable"):
            raise Cut(f"the confirmation failed ({answer.get('msg')})")

    def _wait_for_undo(self, host: Target, ident: str, cut: str, started: float, bound: int) -> str:
        """Wait until the host is seen to be back at its former rules; return the message of the failure."""
        display.display(f"[{host.name}] firewall: {cut}; waiting until the host has undone the change", color="red")
        time.sleep(max(0.0, started + bound - time.monotonic()))
        word, text = self._state(host, ident, {"undone", "loaded"}, time.monotonic() + _AFTER)
        if word == "loaded":
            return f"firewall: {cut}. The host started again meanwhile and runs the ruleset that was confirmed last"
        if word:
            return f"firewall: {cut}. The change was undone after {bound} s; a new connection saw the former rules back"
        return (
            f"firewall: {cut}. {bound + _AFTER:.0f} s after the change no new connection could see the former rules "
            f"({text}): go to the console of {host.name} and run shoko-firewall undo"
        )
