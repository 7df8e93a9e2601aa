"""Options that ``files`` and ``part`` share, written once."""

from __future__ import annotations


class ModuleDocFragment:
    """What files a part has."""

    DOCUMENTATION = r"""
options:
  part:
    description: Owner of these files on the host; its manifest is C(/var/lib/shoko/files/<part>.json).
    type: str
    required: true
  files:
    description: >-
      What to keep. Each item has C(path) and one of C(template), C(content), C(source), C(link), C(directory),
      C(absent).
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path.
        type: path
        required: true
      template:
        description: Jinja template, found as M(ansible.builtin.template) finds it. Block lines leave no empty line.
        type: str
      vars:
        description: Additional variables of the template, for this file only.
        type: dict
      content:
        description: The content itself.
        type: str
      source:
        description: File to copy byte for byte, found as M(ansible.builtin.copy) finds it.
        type: str
      link:
        description: Target; the path becomes a symbolic link.
        type: str
      directory:
        description: The path is a directory. It is removed with its part only when it is empty.
        type: bool
      absent:
        description: The path, a file or link that somebody else put there, is removed.
        type: bool
      mode:
        description: Quoted octal rights; V("0755") for directories, V("0644") for files if not given.
        type: str
      owner:
        description: Owner.
        type: str
        default: root
      group:
        description: Group.
        type: str
        default: root
      secret:
        description: The content is never shown in a diff.
        type: bool
        default: false
      package:
        description: >-
          Debian package that brings this path itself, installed by this call or an earlier task. While it is not
          installed, check mode predicts what the real run will meet - the package's file, which is changed, or its
          directory.
        type: str
      restart:
        description: Units that must be restarted when this file changes.
        type: list
        elements: str
      reload:
        description: Units that must be reloaded when this file changes.
        type: list
        elements: str
  validate:
    description: Checkers of the whole new tree.
    type: list
    elements: dict
    default: []
    suboptions:
      command:
        description: Program and arguments. A program that is not installed is reported, not run.
        type: list
        elements: str
        required: true
      when:
        description: Run it only if a path below one of these changes. Without it, at any change.
        type: list
        elements: str
  state_dir:
    description: Where manifests and marks lie.
    type: path
    default: /var/lib/shoko
  payload:
    description: The rendered files. Set by the action plugin, never by a person.
    type: str
"""
