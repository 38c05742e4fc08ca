from django.urls import path
from rest_framework_simplejwt.views import TokenObtainPairView

from views import RegisterView, TaskViewSet

urlpatterns = [
    path("tasks/register/", RegisterView.as_view()),
    path("api/token/", TokenObtainPairView.as_view()),
    path("tasks/", TaskViewSet.as_view({"get": "list"})),
    path("tasks/create/", TaskViewSet.as_view({"post": "create"})),
    path("tasks/<int:id>/", TaskViewSet.as_view({"get": "retrieve"})),
    path("tasks/<int:id>/update/", TaskViewSet.as_view({"put": "update"})),
    path("tasks/<int:id>/delete/", TaskViewSet.as_view({"delete": "destroy"})),
]
