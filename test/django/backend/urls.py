from django.urls import path
from rest_framework_simplejwt import views as jwt

from tasks import views

urlpatterns = [
    path("tasks/register/", views.register),
    path("api/token/", jwt.TokenObtainPairView.as_view()),
    path("api/token/refresh/", jwt.TokenRefreshView.as_view()),
    path("api/token/verify/", jwt.TokenVerifyView.as_view()),
    path("api/logout/", views.log_out),
    path("tasks/", views.list_tasks),
    path("tasks/create/", views.create_task),
    path("tasks/<int:pk>/", views.get_task),
    path("tasks/<int:pk>/update/", views.update_task),
    path("tasks/<int:pk>/delete/", views.delete_task),
]
